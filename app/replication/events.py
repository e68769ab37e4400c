"""What a session tells its owner, with feeds by their ids."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from app.entry import Run
from app.frontier import Head
from app.replication.frames import ByeReason
from app.replication.handshake import RemotePeer


class Want(Struct, frozen=True):
    """The entries low..high of a feed."""

    feed: bytes
    low: int
    high: int


class Authenticated(Struct, frozen=True):
    """The other side proved its key: now the owner decides with `admit` or `goodbye`."""

    remote: RemotePeer


class Waiting(Struct, frozen=True):
    """A person at the other side has yet to accept us."""


class Admitted(Struct, frozen=True):
    """Both sides admitted each other: replication begins."""


class HeadsReceived(Struct, frozen=True):
    """Feeds that the other side had not named before. complete: its first set is whole."""

    heads: tuple[tuple[bytes, Head], ...]
    complete: bool


class HavesReceived(Struct, frozen=True):
    heads: tuple[tuple[bytes, Head], ...]


class WantReceived(Struct, frozen=True):
    id: int
    ranges: tuple[Want, ...]


class RunsReceived(Struct, frozen=True):
    """Part of the answer to want `id`, or a push (0). size: bytes of the frame."""

    id: int
    runs: tuple[Run, ...]
    end: bool
    size: int


class Closed(Struct, frozen=True):
    """The conversation is over. reason: None when it ended without a goodbye; text: for a person, unfiltered."""

    reason: ByeReason | None
    text: str
    remote_initiated: bool


Event: TypeAlias = (
    Authenticated | Waiting | Admitted | HeadsReceived | HavesReceived | WantReceived | RunsReceived | Closed
)
