"""What a node tells its faces (screen, line mode) about peers and itself, beside the messages."""

from __future__ import annotations

from enum import Enum, IntEnum

from msgspec import Struct

OWN_DEVICE = "my other device"


class PeerPhase(Enum):
    """How far the way to a peer has come. The values are those of line mode's JSON."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    LOST = "lost"
    REFUSED = "refused"
    KNOCKING = "knocking"


class Barrier(Enum):
    """What stands between two programs that have reached each other."""

    KEY = "another key"
    ROOM = "another room"
    VERSION = "another version"
    RULE = "a rule was broken"
    WILL = "somebody does not want it"


class PeerStatus(Struct, frozen=True):
    """A peer as the screen shows it.

    name: as named on the command line, or as it calls itself; detail: a reason or a remark, harmless text;
    missing: entries that it has and this node does not; lacking: entries that it does not have and this node does;
    known: what is known of its key, harmless text; verified: the person compared the keys; own: a device of mine;
    waits: knocking, but it is I who wait there to be let in; barrier: why it was refused; level: both sides have said
    that they hold the same; total: entries of a long exchange that is under way, of which what is missing, else what
    is lacking, is left; 0 if there is none; rate: entries a second, of the same;
    dialling: an address of it is known and being tried; seen: when it was last connected, if it is not now,
    microseconds since 1970, UTC; unkept: why not all is kept that it brings, harmless text.
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
    barrier: Barrier | None = None
    level: bool = False
    total: int = 0
    rate: float = 0.0
    dialling: bool = False
    seen: int | None = None
    unkept: str = ""

    @property
    def left(self) -> int:
        """Entries to move: those that come are waited for more than those that go."""
        return self.missing or self.lacking

    @property
    def label(self) -> str:
        """The name, and what has to be said with it."""
        return f"{self.name} ({OWN_DEVICE})" if self.own else self.name

    @property
    def word(self) -> str:
        """The phase in a word or a few."""
        if self.phase is PeerPhase.CONNECTING:
            return "dialling" if self.dialling else "looking"
        return "has to let you in" if self.waits else self.phase.value


class Matter(IntEnum):
    """What a notice is about: the larger ones are to be told first."""

    OTHER = 0
    KNOCK = 1  # somebody waits for a decision
    ANOTHER_KEY = 2  # somebody may not be who they say they are


class Notice(Struct, frozen=True):
    """A sentence for the person: harmless text. urgent: must not be missed; about: what `Outdated` calls it by."""

    text: str
    urgent: bool = False
    matter: Matter = Matter.OTHER
    about: str = ""

    @property
    def rank(self) -> tuple[Matter, bool]:
        """Of notices that wait for each other, the largest goes first."""
        return self.matter, self.urgent


class Outdated(Struct, frozen=True):
    """What some notices were about is no more so: who has not read them yet need not. about: as in the notices."""

    about: str


class Held(Struct, frozen=True):
    """The own entries up to seq are on the disks of the named peers."""

    seq: int
    by: tuple[str, ...]


class HeldUpTo(Struct, frozen=True):
    """Own entries up to seq `some` are on another computer too, those up to `every` with everybody; 0: none."""

    some: int = 0
    every: int = 0


class Holder(Struct, frozen=True):
    """Whether somebody holds an own entry. here: connected now; seen: when they last were, microseconds since 1970,
    UTC, None if that is not known."""

    name: str
    holds: bool
    here: bool = False
    seen: int | None = None


class Renamed(Struct, frozen=True):
    """Authors may be called otherwise than before, or are shown no more, or again."""


class Listening(Struct, frozen=True):
    """Peers are looked for from now on. port: where others can connect; 0 when nothing can be listened at."""

    port: int


NodeEvent = PeerStatus | Notice | Outdated | Held | Renamed | Listening
