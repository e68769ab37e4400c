"""What the mesh asks of the node about a peer that proved its key, and what it tells it."""

from __future__ import annotations

from msgspec import Struct

from app.replication.frames import ByeReason
from app.status import Barrier, Listening, Notice, PeerPhase
from app.trust import Verdict

__all__ = ["Admission", "Listening", "MeshEvent", "Notice", "PeerState", "Verdict"]


class Admission(Struct, frozen=True):
    """The node's answer about an authenticated peer. detail: a sentence for this side; reason, told: for the other."""

    verdict: Verdict
    detail: str = ""
    reason: ByeReason = ByeReason.REFUSED
    told: str = ""


class PeerState(Struct, frozen=True):
    """Where a peer stands now. name: as the user named it, else as it calls itself, harmless; key: 32 bytes, once
    proved; detail: one sentence, harmless text; barrier: why it was refused."""

    name: str
    key: bytes | None
    phase: PeerPhase
    detail: str = ""
    barrier: Barrier | None = None


class WayChanged(Struct, frozen=True):
    """A named peer was found, or is found no more (app.way.Way.found)."""

    name: str


MeshEvent = PeerState | WayChanged | Notice | Listening
