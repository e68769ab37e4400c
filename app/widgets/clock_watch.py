"""Says whose clock is wrong, once for each person and start, when what arrives proves it (app.clock_hints).

Floods are not looked at: whoever wrote them goes on, and one message proves as much as a million.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from app.clock_hints import ClockHints, beside_ours, may_be_wrong, skew
from app.people import People
from app.status import Notice
from app.text import one_line
from app.timeline import TimelineEntry
from app.widgets.backend import ChatLog
from app.widgets.teller import Teller

if TYPE_CHECKING:
    from app.widgets.info_screen import Row

_FEEDS_AT_ONCE = 8  # a third of a millisecond each, at most


class ClockWatch:
    def __init__(self, log: ChatLog, people: People, teller: Teller) -> None:
        self._hints = ClockHints()
        self._names: dict[bytes, str] = {}
        self._log = log
        self._people = people
        self._teller = teller

    def landed(self, entries: Sequence[TimelineEntry]) -> None:
        suspects = {
            entry.feed: entry
            for entry in entries
            if entry.change is None and not entry.own and not self._hints.knows(entry.author)
            if entry.entry.time is not None and may_be_wrong(entry.entry.time, entry.arrival)
        }
        for entry in list(suspects.values())[:_FEEDS_AT_ONCE]:
            evidence = self._log.evidence(entry.feed, entry.seq)
            found = 0 if evidence is None else skew(entry.time, entry.arrival, evidence)
            if self._hints.add(entry.author, found):
                self._names[entry.author] = entry.name
                self._teller.tell(Notice(self._sentence(entry.author)))

    def rows(self) -> list[Row]:
        """For the list of who is there."""
        rows = [("clock", self._sentence(author)) for author in self._names]
        return [("", ""), *rows] if rows else []

    def _sentence(self, author: bytes) -> str:
        where = beside_ours(self._hints.of(author))
        agreeing = [self._label(other) for other in self._hints.agreeing(author)]
        if len(agreeing) == 1:
            return f"{agreeing[0]}'s clock is {where}: the times of these messages are not to be relied on"
        return f"the clocks of {', '.join(agreeing)} are {where}: it may be this one that is wrong"

    def _label(self, author: bytes) -> str:
        return one_line(self._people.label(author, self._names[author]))
