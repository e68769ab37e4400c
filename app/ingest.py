"""What a store answers about runs that it was handed. Nothing of a refused run is kept."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct, field

from app.entry import Run
from app.frontier import Advance


class Refusal(Enum):
    GAP = "its predecessor is not here"
    INVALID = "its chain, signature or size does not hold"  # whoever sent it broke a rule
    ANOTHER_ROOM = "it belongs to another room"
    QUOTA = "too much was brought by one peer"
    UNWANTED = "its author is refused here"
    FORKED = "it contradicts entries by the same author that are here"


class RefusedRun(Struct, frozen=True):
    """A run that was not taken in, and why; detail: in words, with what exactly."""

    run: Run
    refusal: Refusal
    detail: str


class IngestReport(Struct, frozen=True):
    """The outcome of one ingest. A run all of whose entries were here already is in neither of the first lists.

    proved: feeds of which a proof is kept from now on that they have two branches.
    """

    advances: list[Advance] = field(default_factory=list)
    refused: list[RefusedRun] = field(default_factory=list)
    proved: list[bytes] = field(default_factory=list)
