"""What a session tells its owner, with feeds by their ids."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.entry import Run
from app.frontier import Head
from app.replication.frames import ByeReason
from app.replication.handshake import RemotePeer


@dataclass(frozen=True, slots=True)
class Want:
    """The entries low..high of a feed."""

    feed: bytes
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Authenticated:
    """The other side proved its key: now the owner decides with `admit` or `goodbye`."""

    remote: RemotePeer


@dataclass(frozen=True, slots=True)
class Waiting:
    """A person at the other side has yet to accept us."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """Both sides admitted each other: replication begins."""


@dataclass(frozen=True, slots=True)
class HeadsReceived:
    """Feeds that the other side had not named before. complete: its first set is whole."""

    heads: tuple[tuple[bytes, Head], ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class HavesReceived:
    heads: tuple[tuple[bytes, Head], ...]


@dataclass(frozen=True, slots=True)
class WantReceived:
    id: int
    ranges: tuple[Want, ...]


@dataclass(frozen=True, slots=True)
class RunsReceived:
    """Part of the answer to want `id`, or a push (0). size: bytes of the frame."""

    id: int
    runs: tuple[Run, ...]
    end: bool
    size: int


@dataclass(frozen=True, slots=True)
class Closed:
    """The conversation is over. reason: None when it ended without a goodbye; text: for a person, unfiltered."""

    reason: ByeReason | None
    text: str
    remote_initiated: bool


Event: TypeAlias = (
    Authenticated | Waiting | Admitted | HeadsReceived | HavesReceived | WantReceived | RunsReceived | Closed
)
