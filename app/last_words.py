"""Which message is meant by whoever does not point at one: the last of one's own, or the last by somebody."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.entry import Reference
from app.errors import LocalEntryError
from app.people import People
from app.text import one_line
from app.timeline import LAST_KEY, TimelineEntry

_PAGE = 200
_MOST = 2_000  # messages that are looked at: who means an older one points at it
_MAX_QUOTED = 60  # characters of a message in a sentence about it


class Words(Protocol):
    def before(self, key: bytes, limit: int) -> Sequence[TimelineEntry]: ...
    def reference(self, feed: bytes, seq: int) -> Reference | None: ...


def last_own(log: Words) -> tuple[TimelineEntry, Reference]:
    """The last message of mine that is not deleted."""
    return _last(log, None, "you have said nothing here lately")


def last_by(name: str, log: Words, people: People) -> tuple[TimelineEntry, Reference]:
    """The last message by somebody, as they are shown or call themselves."""
    keys = frozenset(people.called(name))
    if not keys:
        raise LocalEntryError(f"nobody here is called {one_line(name)}: /peers has the names")
    return _last(log, keys, f"{one_line(name)} has said nothing here lately")


def quoted(entry: TimelineEntry) -> str:
    """Its text for a sentence about it."""
    text = one_line((entry.text or "")[: _MAX_QUOTED + 1])
    return f"“{text if len(text) <= _MAX_QUOTED else text[: _MAX_QUOTED - 1] + '…'}”"


def _last(log: Words, keys: frozenset[bytes] | None, otherwise: str) -> tuple[TimelineEntry, Reference]:
    """keys: of the authors, None for me."""
    key = LAST_KEY
    for _ in range(_MOST // _PAGE):
        page = log.before(key, _PAGE)
        for entry in reversed(page):
            meant = entry.own if keys is None else entry.author in keys
            if meant and entry.text is not None and (found := log.reference(entry.feed, entry.seq)) is not None:
                return entry, found
        if not page:
            break
        key = page[0].key
    raise LocalEntryError(otherwise)
