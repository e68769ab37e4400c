"""Messages as lines on stdout: history in reading order, then every message in the order in which it is saved.

- Each is written exactly once, also when late arrivals move others while history is read.
- Who is refused or muted, and what is withheld, is not written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, Set

from app.config import LineFormat, Options
from app.frontier import Frontier, Head
from app.line_format import change_json, change_sentence, message_json, message_line
from app.line_node import LineNode
from app.line_output import LineOutput
from app.timeline import FIRST_KEY, TimelineEntry

PAGE = 200  # entries read and written at a time


class LinePrinter:
    def __init__(
        self, node: LineNode, options: Options, output: LineOutput, inform: Callable[[str], None], muted: Set[bytes]
    ) -> None:
        """inform: tells the person what is said about messages that were written before; muted: public keys of whom
        they do not want to hear. What is saved by now is history."""
        self._node = node
        self._options = options
        self._output = output
        self._inform = inform
        self._muted = muted
        self._printed: dict[bytes, int] = {}  # feed: seq of the last entry that was written
        self._last_words: dict[bytes, int] | None = None  # feed: seq of the last entry that is to be written
        self._start, self._first_key = self._history_end(), self._history_start()
        self._most = node.log.count()  # of what `_start` has, it cannot be more

    async def run(self) -> None:
        """Until nobody reads any more, or all is written that `end` left to be."""
        for page in self._history(self._start, self._first_key, self._most):
            if not await self._print(page):
                return
        self._printed.update((feed, head.seq) for feed, head in self._start.items())
        if self._all_printed():
            return
        async for batch in self._node.log.follow(self._start):
            if not await self._print(batch) or self._all_printed():
                return

    def _history_end(self) -> dict[bytes, Head]:
        """Up to where history goes. Where all of it is wanted, what is withheld is new when it is withheld no more."""
        log = self._node.log
        heads = log.frontier()
        return {f: head for f, head in heads.items() if self._options.history is not None or not log.withholds(f)}

    def _history_start(self) -> bytes | None:
        """The key after which the history that is to be shown begins; None for no history."""
        log, wanted = self._node.log, self._options.history
        if wanted == 0:
            return None
        before = 0 if wanted is None else log.count() - wanted
        return FIRST_KEY if before <= 0 else log.at_rank(before - 1)

    def _history(self, frontier: Frontier, key: bytes | None, most: int) -> Iterator[Sequence[TimelineEntry]]:
        """The messages after `key` up to `frontier`, `most` of them; what is newer comes by `follow`."""
        if key is None:
            return
        log = self._node.log
        while most > 0 and (page := log.after(key, PAGE)):
            key = page[-1].key
            # A late arrival moves entries towards the end: those of one feed never pass each other, so that an entry
            # met again is one whose seq was printed before.
            old = [
                entry
                for entry in page
                if (head := frontier.get(entry.feed)) and self._printed.get(entry.feed, 0) < entry.seq <= head.seq
            ]
            most -= len(old)
            yield old

    async def _print(self, entries: Sequence[TimelineEntry]) -> bool:
        """False: nobody reads any more."""
        people = self._node.people
        shown = [entry for entry in entries if not people.is_refused(entry.author) and entry.author not in self._muted]
        alive = await self._output.write("".join(map(self._line, shown)))
        self._printed.update((entry.feed, entry.seq) for entry in entries if entry.change is None)
        return alive

    def _line(self, entry: TimelineEntry) -> str:
        """What stdout gets; of what is said about messages that were printed before, as text, nothing."""
        people, change = self._node.people, entry.change
        if change is not None and (people.is_refused(change.author) or change.author in self._muted):
            return ""
        if self._options.output is LineFormat.JSON:
            pinned = people.is_pinned(entry.author, entry.name)
            return message_json(entry, pinned=pinned) if change is None else change_json(entry, change)
        if change is None:
            return message_line(entry, people.label(entry.author, entry.name))
        self._inform(change_sentence(entry, change, people.label(change.author, change.name)))
        return ""

    def _last_shown(self) -> dict[bytes, int]:
        """For each feed with entries that are not written yet, the last that is to be."""
        last = {}
        log = self._node.log
        for feed, head in log.frontier().items():
            if log.withholds(feed):
                continue
            for seq in range(head.seq, self._printed.get(feed, 0), -1):
                if log.entry_at(feed, seq) is not None:
                    last[feed] = seq
                    break
        return last

    def end(self) -> bool:
        """Only what is saved by now is still to be written. Whether all of it was."""
        self._last_words = self._last_shown()
        return self._all_printed()

    def _all_printed(self) -> bool:
        last = self._last_words
        return last is not None and all(self._printed.get(feed, 0) >= seq for feed, seq in last.items())
