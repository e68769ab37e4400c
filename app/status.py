"""What a node tells its faces (screen, line mode) about peers and itself, beside the messages."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

OWN_DEVICE = "my other device"


class PeerPhase(Enum):
    """How far the way to a peer has come. The values are those of line mode's JSON."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    REFUSED = "refused"
    KNOCKING = "knocking"


@dataclass(frozen=True, slots=True)
class PeerStatus:
    """A peer as the screen shows it.

    name: as named on the command line, or as it calls itself; detail: a reason or a remark, harmless text;
    missing: entries that it has and this node does not; lacking: entries that it does not have and this node does;
    known: what is known of its key, harmless text; verified: the person compared the keys; own: a device of mine;
    waits: knocking, but it is I who wait there to be let in.
    """

    name: str
    phase: PeerPhase
    detail: str = ""
    missing: int = 0
    lacking: int = 0
    known: str = ""
    verified: bool = False
    own: bool = False
    waits: bool = False

    @property
    def label(self) -> str:
        """The name, and what has to be said with it."""
        return f"{self.name} ({OWN_DEVICE})" if self.own else self.name

    @property
    def word(self) -> str:
        """The phase in a word or a few."""
        return "has to let you in" if self.waits else self.phase.value

    @property
    def level(self) -> bool:
        """Connected, and both sides hold the same."""
        return self.phase is PeerPhase.CONNECTED and not self.missing and not self.lacking


class Matter(IntEnum):
    """What a notice is about: the larger ones are to be told first."""

    OTHER = 0
    KNOCK = 1  # somebody waits for a decision
    ANOTHER_KEY = 2  # somebody may not be who they say they are


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence for the person: harmless text. urgent: must not be missed."""

    text: str
    urgent: bool = False
    matter: Matter = Matter.OTHER

    @property
    def rank(self) -> tuple[Matter, bool]:
        """Of notices that wait for each other, the largest goes first."""
        return self.matter, self.urgent


@dataclass(frozen=True, slots=True)
class Held:
    """The own entries up to seq are on the disks of the named peers."""

    seq: int
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HeldUpTo:
    """Own entries up to seq `some` are on another computer too, those up to `every` with each named peer; 0: none."""

    some: int = 0
    every: int = 0


@dataclass(frozen=True, slots=True)
class Holder:
    """Whether somebody holds an own entry. here: connected now; seen: when they last were, microseconds since 1970,
    UTC, None if that is not known."""

    name: str
    holds: bool
    here: bool = False
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """Authors may be called otherwise than before, or are shown no more, or again."""


@dataclass(frozen=True, slots=True)
class Listening:
    """Peers are looked for from now on. port: where others can connect; 0 when nothing can be listened at."""

    port: int


NodeEvent = PeerStatus | Notice | Held | Renamed | Listening
