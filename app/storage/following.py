"""Everything that is shown after a frontier, first what is there, then each commit as it lands.

- Nothing twice and nothing missed: per feed, entries are handed out in the order of their numbers, each from where the
  last one ended. Places only help to order what is handed out together.
- A reader who is slower than the writer costs a bounded journal of commits; beyond it, the frontiers say what is new.
"""

from __future__ import annotations

import asyncio
import contextlib
import heapq
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import AbstractContextManager

from msgspec import Struct, field

from app.frontier import Advance, Frontier
from app.storage.feeds import Feeds
from app.storage.reading import TimelineSnapshot
from app.timeline import Landed, TimelineEntry

BATCH = 256  # reading so many takes 3 ms: the event loop draws a frame between two batches
AHEAD = 4096  # entries read ahead over all feeds together
JOURNAL = 256  # commits that a reader may lag behind before they are merged


class Followers:
    """Wakes everybody who follows the log."""

    def __init__(self) -> None:
        self.closed = False
        self._all: list[_Journal] = []

    def tell(self, advances: Sequence[Advance]) -> None:
        for journal in tuple(self._all):
            journal.add(advances)

    def close(self) -> None:
        self.closed = True
        for journal in tuple(self._all):
            journal.wake()

    async def follow(
        self,
        frontier: Frontier,
        feeds: Feeds,
        snapshot: Callable[[], AbstractContextManager[TimelineSnapshot]],
        *,
        withholds: Callable[[bytes], bool],
        most: int | None = None,
    ) -> AsyncGenerator[Landed, None]:
        """most: of a commit with more entries than so many only their number is told."""
        told = {feed: head.seq for feed, head in frontier.items()}
        journal = _Journal(asyncio.get_running_loop())
        self._all.append(journal)
        try:
            targets: dict[bytes, int] | None = None  # None: all that is held
            first = True  # what is there already is handed out as it stands
            while not self.closed:
                if targets is None:
                    targets = {feed: head.seq for feed, head in feeds.frontier().items()}
                stretches = [
                    _Stretch(feed, told.get(feed, 0) + 1, high)
                    for feed, high in targets.items()
                    if told.get(feed, 0) < high and not withholds(feed)
                ]
                landing = sum(stretch.high - stretch.low + 1 for stretch in stretches)
                if most is not None and landing > most:
                    told.update((stretch.feed, stretch.high) for stretch in stretches)
                    first = False
                    yield Landed((), landing)
                    targets = await journal.next(lambda: self.closed)
                    continue
                handed: dict[bytes, int] = {}
                merge = _Merge(stretches, feeds, changes=not first)
                first = False
                while not self.closed and not merge.done:
                    with snapshot() as view:
                        batch = merge.take(view, BATCH)
                    if batch:
                        handed.update((entry.feed, entry.seq) for entry in batch if entry.change is None)
                        yield Landed(batch)
                        await asyncio.sleep(0)  # a long history must not starve the event loop
                for feed, high in ((stretch.feed, stretch.high) for stretch in stretches):
                    # Who was refused meanwhile: the rest is told when they are refused no more.
                    told[feed] = handed.get(feed, told.get(feed, 0)) if withholds(feed) else high
                targets = await journal.next(lambda: self.closed)
        finally:
            self._all.remove(journal)


class _Journal:
    """Commits that one follower has yet to read. Written by the writer thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._commits: deque[Sequence[Advance]] = deque()
        self._overflowed = False
        self._woken = False
        self._news = asyncio.Event()

    def add(self, advances: Sequence[Advance]) -> None:
        if len(self._commits) >= JOURNAL:
            self._overflowed = True
        else:
            self._commits.append(advances)
        self.wake()

    def wake(self) -> None:
        if self._woken:
            return  # a loop that is busy for long need not collect a call for each commit
        self._woken = True
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody reads any more
            self._loop.call_soon_threadsafe(self._news.set)

    async def next(self, closed: Callable[[], bool]) -> dict[bytes, int] | None:
        """The heads of the next commit; None when the follower has to compare frontiers."""
        while not self._commits:
            if closed():
                return None
            self._woken = False
            self._news.clear()
            if not self._commits and not closed():
                await self._news.wait()
        if self._overflowed:
            # Whatever is lost here was in the frontier before it was in the journal.
            self._overflowed = False
            self._commits.clear()
            return None
        return {advance.feed: advance.head.seq for advance in self._commits.popleft()}


class _Stretch(Struct):
    """Entries low..high of one feed that are to be handed out; `low` moves on."""

    feed: bytes
    low: int
    high: int
    ready: deque[TimelineEntry] = field(default_factory=deque)


class _Merge:
    """Stretches of several feeds, merged by place, in batches that each need only a short transaction."""

    def __init__(self, stretches: Sequence[_Stretch], feeds: Feeds, *, changes: bool) -> None:
        """changes: hand out again, too, what an edit, a deletion or a reaction is about."""
        self._feeds = feeds
        self._changes = changes
        self._stretches = list(stretches)
        self._ahead = max(1, min(BATCH, AHEAD // max(1, len(stretches))))
        self._heap: list[tuple[bytes, int]] = []
        self._begun = False
        self.done = False

    def take(self, view: TimelineSnapshot, limit: int) -> list[TimelineEntry]:
        if not self._begun:
            self._begun = True
            self._heap = [item for index in range(len(self._stretches)) for item in self._first(view, index)]
            heapq.heapify(self._heap)
        batch: list[TimelineEntry] = []
        while self._heap and len(batch) < limit:
            index = self._heap[0][1]
            batch.append(self._stretches[index].ready.popleft())
            following = list(self._first(view, index))
            if following:
                heapq.heapreplace(self._heap, following[0])
            else:
                heapq.heappop(self._heap)
        self.done = not self._heap
        return batch

    def _first(self, view: TimelineSnapshot, index: int) -> Iterator[tuple[bytes, int]]:
        stretch = self._stretches[index]
        if not stretch.ready:
            self._read(view, stretch)
        if stretch.ready:
            yield stretch.ready[0].key, index

    def _read(self, view: TimelineSnapshot, stretch: _Stretch) -> None:
        record = self._feeds.by_id(stretch.feed)
        while record is not None and not stretch.ready and stretch.low <= stretch.high:
            high = min(stretch.high, stretch.low + self._ahead - 1)
            stretch.ready.extend(view.shown(record, max(stretch.low, record.low), high, changes=self._changes))
            stretch.low = high + 1
