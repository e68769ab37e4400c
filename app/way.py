"""What is known of the way to a named peer: whether it was found, and what came of dialling it."""

from __future__ import annotations

from enum import Enum, IntEnum

from msgspec import Struct

UNDIALLED = "has no address that can be dialled from here"  # of an attempt that was none


class Source(IntEnum):
    """Where an address comes from, in the order in which they are tried."""

    GIVEN = 0  # on the command line
    HEARD = 1  # by multicast DNS
    GUESSED = 2  # the peer's usual port on this computer


class Reach(Enum):
    """What came of dialling an address the last time."""

    UNTRIED = "not tried yet"
    TRYING = "being tried"
    FAILED = "nobody answers"
    STRANGE = "something else answers"
    MET = "the peer answers"
    MYSELF = "this very program"


class Attempt(Struct, frozen=True):
    """address: with its port, as people write it; why: the system's word for what went wrong, or who answers there."""

    address: str
    source: Source
    reach: Reach
    why: str = ""


class Way(Struct, frozen=True):
    """attempts: at each address that is known; elsewhere: the rooms in which somebody of that name announces itself;
    deaf: why multicast DNS does not work here, empty if it does. Harmless text."""

    attempts: tuple[Attempt, ...] = ()
    elsewhere: tuple[str, ...] = ()
    deaf: str = ""

    @property
    def found(self) -> bool:
        """Whether more is known than the guess that the peer may be on this computer."""
        return any(attempt.source is not Source.GUESSED for attempt in self.attempts)
