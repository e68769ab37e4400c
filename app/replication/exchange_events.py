"""What an exchange tells its owner about the peers it replicates with."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from app.entry import Run
from app.replication.session import Session


class Held(Struct, frozen=True):
    """A peer acknowledged own entries up to seq with an equal hash. level: these are all there are."""

    key: bytes
    node: bytes
    feed: bytes
    seq: int
    level: bool


class Level(Struct, frozen=True):
    """Everything the peer offered and serves is here, all own entries are there, and nothing it asked for is
    outstanding. here, there: what is left to move all the same, as in `Behind`: it may come from others, or be asked
    for in a moment."""

    session: Session
    here: int = 0
    there: int = 0


class Behind(Struct, frozen=True):
    """How many entries are to come here, and to go there."""

    session: Session
    here: int
    there: int


class Diverged(Struct, frozen=True):
    """The peer holds another branch of the feed: its author wrote two."""

    session: Session
    feed: bytes


class Misbehaved(Struct, frozen=True):
    """The peer broke a rule and was sent away. text: how, for a person."""

    session: Session
    text: str


class OverQuota(Struct, frozen=True):
    """Not all that the peer brings is kept. text: what is not."""

    session: Session
    text: str


class OwnMissing(Struct, frozen=True):
    """Peers say that they hold so many own entries more than are here: this database may have been rolled back.

    They are fetched; whatever is written before they are here begins a fork. 0: all are here, or nobody serves what
    they claim.
    """

    entries: int


class OwnBranch(Struct, frozen=True):
    """A peer served another branch of the own feed. common: the last entry that both have, as far as the peer is to be
    believed; runs: what follows it there. Nothing of it is verified."""

    session: Session
    common: int
    runs: tuple[Run, ...]


ExchangeEvent: TypeAlias = Held | Level | Behind | Diverged | Misbehaved | OverQuota | OwnMissing | OwnBranch
