"""What an exchange tells its owner about the peers it replicates with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from app.entry import Run
from app.replication.session import Session


@dataclass(frozen=True, slots=True)
class Held:
    """A peer acknowledged own entries up to seq with an equal hash. level: these are all there are."""

    key: bytes
    node: bytes
    feed: bytes
    seq: int
    level: bool


@dataclass(frozen=True, slots=True)
class Level:
    """Everything the peer offered is here, all own entries are there, and nothing it asked for is outstanding."""

    session: Session


@dataclass(frozen=True, slots=True)
class Behind:
    """How many entries are to come here, and to go there."""

    session: Session
    here: int
    there: int


@dataclass(frozen=True, slots=True)
class Diverged:
    """The peer holds another branch of the feed: its author wrote two."""

    session: Session
    feed: bytes


@dataclass(frozen=True, slots=True)
class Misbehaved:
    """The peer broke a rule and was sent away. text: how, for a person."""

    session: Session
    text: str


@dataclass(frozen=True, slots=True)
class OverQuota:
    """Not all that the peer brings is kept. text: what is not."""

    session: Session
    text: str


@dataclass(frozen=True, slots=True)
class OwnMissing:
    """Peers say that they hold so many own entries more than are here: this database may have been rolled back.

    They are fetched; whatever is written before they are here begins a fork. 0: all are here, or nobody serves what
    they claim.
    """

    entries: int


@dataclass(frozen=True, slots=True)
class OwnBranch:
    """A peer served another branch of the own feed. common: the last entry that both have, as far as the peer is to be
    believed; runs: what follows it there. Nothing of it is verified."""

    session: Session
    common: int
    runs: tuple[Run, ...]


ExchangeEvent: TypeAlias = Held | Level | Behind | Diverged | Misbehaved | OverQuota | OwnMissing | OwnBranch
