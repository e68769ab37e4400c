"""Which missing entries to ask of whom, over all sessions.

- The next entries of a feed are asked of one source at a time: of the fastest that offers them and has room.
- A request that makes no progress expires: what it did not serve is void at that source until its next claim, others
  are asked, and the source is asked nothing more until it has answered. Its late answer is welcome all the same if
  there is room: nobody counts on it any more. The next time it is waited for longer, or on a thin line every answer
  would be late, and while others are asked for the same there may never be room.
- Who failed comes last, and gives way to anybody who offers the same.
- The next want goes out when entries arrive, not when they are durable; how much may be under way is bounded.
- Entries that their author is about to push are asked of others only after a short grace.
- Nothing here walks over all feeds: sources keep queues of what they could serve.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping
from random import Random

from msgspec import Struct, field

from app.entry import MAX_SPAN_BYTES, Run
from app.errors import ProtocolError
from app.frontier import Head
from app.replication.events import RunsReceived, Want
from app.replication.frames import MAX_CONTENT
from app.replication.intake import Intake
from app.replication.link import Link, Mark
from app.replication.session import Session

GRACE_SECONDS = 0.05
PROGRESS_SECONDS = 5.0
PATIENCE = 1.5  # times the longest silence in the last answer: how long a source is waited for, if that is more
MAX_REQUEST_SECONDS = 60.0  # progress renews the deadline no further: a trickle must not hold a feed for ever
MAX_REQUESTS = 2  # unanswered, per source: the second keeps it busy while the first's last bytes travel
MAX_RANGES = 64  # in one want; their answer is 256 KiB in all
MAX_UNPROVED = 1_024  # claims on feeds of which nothing is here, followed at once per source
BUDGET_BYTES = 8 * 1024 * 1024  # asked for, or received and not durable, over all sources: the bound on a slow disk

_COST_UNIT = 32_768
_ENTRY_BYTES = 160  # a usual message with its headers: how many feeds fit into one answer is a guess before it comes


class _Asked(Struct):
    next: int
    high: int
    served: bool = False


class _Request(Struct, eq=False):
    """heard: when entries came last, or it began; silence: the longest time without any."""

    id: int
    ranges: dict[bytes, _Asked]
    started: float
    heard: float
    deadline: float
    bytes: int = 0
    silence: float = 0.0
    expired: bool = False


class _Source(Struct, eq=False):
    """A session as a source. cost: smoothed seconds per 32 KiB; patience: seconds without progress until a request
    expires; strikes: failures since it last served."""

    link: Link
    order: float
    patience: float = PROGRESS_SECONDS
    cost: float = 0.0
    strikes: int = 0
    ready: OrderedDict[bytes, None] = field(default_factory=OrderedDict)
    requests: dict[int, _Request] = field(default_factory=dict)
    unproved: set[bytes] = field(default_factory=set)
    waiting: OrderedDict[bytes, None] = field(default_factory=OrderedDict)

    @property
    def has_room(self) -> bool:
        return len(self.requests) < MAX_REQUESTS and not any(request.expired for request in self.requests.values())


class _Need(Struct, eq=False):
    """A feed of which somebody offers more than is here or under way."""

    not_before: float
    sources: dict[_Source, None] = field(default_factory=dict)
    holder: _Source | None = None  # who was asked
    request: _Request | None = None


class Puller:
    def __init__(self, heads: Mapping[bytes, Head], intake: Intake, random: Random, dirty: set[Session]) -> None:
        """heads: the durable frontier, shared with the exchange; dirty: where sessions with new output are put."""
        self._heads = heads
        self._intake = intake
        self._random = random
        self._dirty = dirty
        self._sources: dict[Link, _Source] = {}
        self._needs: dict[bytes, _Need] = {}
        self._graces: deque[tuple[float, bytes]] = deque()
        self._active = 0  # requests that are unanswered and not expired

    def open(self, link: Link) -> None:
        self._sources[link] = _Source(link, self._random.random())

    def close(self, link: Link) -> None:
        source = self._sources.pop(link, None)
        if source is None:
            return
        for feed, need in list(self._needs.items()):
            need.sources.pop(source, None)
            if not need.sources:
                del self._needs[feed]
        for request in source.requests.values():
            self._release(request)
        source.requests.clear()

    def claim(self, link: Link, feed: bytes, now: float, *, grace: bool) -> None:
        """`link.marks[feed]` offers something new. grace: its author is expected to push it."""
        source = self._sources[link]
        mark = link.marks[feed]
        if not self._offers(mark, feed):
            return
        if feed not in self._heads and feed not in source.unproved:
            if len(source.unproved) >= MAX_UNPROVED:
                source.waiting[feed] = None
                return
            source.unproved.add(feed)
        need = self._needs.get(feed)
        if need is None:
            need = self._needs[feed] = _Need(now)
            if grace:
                need.not_before = now + GRACE_SECONDS
                self._graces.append((need.not_before, feed))
        elif not grace and need.not_before > now:
            need.not_before = now
            self._requeue(feed, need)
        need.sources[source] = None
        source.ready[feed] = None

    def advanced(self, feed: bytes, now: float) -> None:
        """More of `feed` is here or under way."""
        if feed in self._heads:
            for source in self._sources.values():
                if feed in source.unproved:
                    self._proved(source, feed, now)
        need = self._needs.get(feed)
        if need is None:
            return
        for source in [s for s in need.sources if not self._offers(s.link.marks[feed], feed)]:
            del need.sources[source]
        if not need.sources:
            del self._needs[feed]

    def recheck(self, feed: bytes, now: float) -> None:
        """Less of `feed` is under way than was thought."""
        for link in self._sources:
            if feed in link.marks:
                self.claim(link, feed, now, grace=False)

    def diverged(self, link: Link, feed: bytes) -> None:
        """`link` is no source of `feed` any more."""
        need = self._needs.get(feed)
        source = self._sources.get(link)
        if need is None or source is None:
            return
        need.sources.pop(source, None)
        if need.holder is source:
            self._free(feed, need)
        if not need.sources:
            del self._needs[feed]

    def received(self, link: Link, event: RunsReceived, now: float) -> None:
        """Part of an answer. What continues a feed goes to the intake. Raises ProtocolError for what was not asked."""
        source = self._sources[link]
        request = source.requests.get(event.id)
        if request is None:
            raise ProtocolError("entries under a want that was answered")
        request.bytes += sum(run.size for run in event.runs)
        if request.bytes > MAX_CONTENT + 2 * MAX_SPAN_BYTES:
            raise ProtocolError("far more entries than a want is answered with")
        reach: dict[bytes, int] = {}
        fitting = [run for run in event.runs if self._fits(link, request, run, reach)]
        if fitting and (not request.expired or self._affordable()):
            self._intake.add(link, fitting, pushed=False)
            for run in fitting:
                self.advanced(run.feed, now)
        if event.runs:
            self.progressed(link, now)
        if event.end:
            self._finish(source, request, now)

    def progressed(self, link: Link, now: float) -> None:
        """Entries came from `link`: what else was asked of it comes after them."""
        source = self._sources[link]
        for request in source.requests.values():
            request.silence = max(request.silence, now - request.heard)
            request.heard = now
            request.deadline = min(now + source.patience, request.started + MAX_REQUEST_SECONDS)

    def pump(self, now: float) -> None:
        """Ask for whatever can be asked for now."""
        if self._intake.failing or not self._needs:
            return
        hungry = [source for source in self._sources.values() if source.ready and source.has_room]
        hungry.sort(key=lambda source: (source.strikes, source.cost, source.order))
        for source in hungry:
            while source.ready and source.has_room and self._affordable():
                self._ask(source, now)

    def tick(self, now: float) -> None:
        while self._graces and self._graces[0][0] <= now:
            _, feed = self._graces.popleft()
            need = self._needs.get(feed)
            if need is not None and need.request is None:
                self._requeue(feed, need)
        for source in self._sources.values():
            for request in source.requests.values():
                if not request.expired and now >= request.deadline:
                    self._expire(source, request)

    def deadline(self) -> float | None:
        times = [
            request.deadline
            for source in self._sources.values()
            for request in source.requests.values()
            if not request.expired
        ]
        if self._graces:
            times.append(self._graces[0][0])
        return min(times, default=None)

    @property
    def needs(self) -> int:
        """How many feeds are wanted."""
        return len(self._needs)

    def _offers(self, mark: Mark, feed: bytes) -> bool:
        upto = self._intake.upto(feed)
        return mark.seq > upto >= mark.low - 1 and not mark.void and not mark.diverged

    def _fits(self, link: Link, request: _Request, run: Run, reach: dict[bytes, int]) -> bool:
        """Whether `run`, a part of the answer to `request`, continues what is here.

        reach: `upto` of the feeds that were continued by earlier runs of the same frame.
        """
        asked = request.ranges.get(run.feed)
        if asked is None or run.first != asked.next or asked.next > asked.high or not run.before:
            raise ProtocolError("entries that were not asked for")
        asked.next = run.last + 1
        asked.served = True
        mark = link.marks[run.feed]
        mark.fetched = max(mark.fetched or 0, run.last)
        mark.void = False
        if run.last > mark.seq:  # the checkpoint that closes the run lies beyond what was claimed
            mark.seq, mark.short_hash = run.last, b""
        link.recount(run.feed)
        upto = reach.get(run.feed, self._intake.upto(run.feed))
        if mark.diverged or not run.first <= upto + 1 <= run.last:
            return False
        reach[run.feed] = run.last
        return True

    def _affordable(self) -> bool:
        return self._intake.bytes + (self._active + 1) * MAX_CONTENT <= BUDGET_BYTES

    def _ask(self, source: _Source, now: float) -> None:
        ranges: dict[bytes, _Asked] = {}
        room = MAX_CONTENT  # a feed that fills the answer alone leaves the next one to another source
        while source.ready and len(ranges) < MAX_RANGES and room > 0:
            feed, _ = source.ready.popitem(last=False)
            need = self._needs.get(feed)
            if need is None or source not in need.sources or need.not_before > now:
                continue
            if need.holder is not None and (need.holder is source or not need.holder.strikes or source.strikes):
                continue
            mark = source.link.marks[feed]
            asked = ranges[feed] = _Asked(self._intake.upto(feed) + 1, mark.seq)
            mark.fetched = max(mark.fetched or 0, asked.next - 1)
            room -= (asked.high - asked.next + 1) * _ENTRY_BYTES
        if not ranges:
            return
        session = source.link.session
        identifier = session.want([Want(feed, asked.next, asked.high) for feed, asked in ranges.items()])
        request = _Request(identifier, ranges, now, now, now + source.patience)
        source.requests[identifier] = request
        self._active += 1
        for feed in ranges:
            need = self._needs[feed]
            need.holder, need.request = source, request
        self._dirty.add(session)

    def _finish(self, source: _Source, request: _Request, now: float) -> None:
        del source.requests[request.id]
        taken = (now - request.started) / max(1.0, request.bytes / _COST_UNIT)
        source.patience = min(max(PROGRESS_SECONDS, PATIENCE * request.silence), MAX_REQUEST_SECONDS)
        source.cost = taken if source.cost == 0.0 else 0.7 * source.cost + 0.3 * taken
        # An answer ends after about 256 KiB; if it is shorter, what is not in it could not be served.
        refused = [
            feed for feed, asked in request.ranges.items() if not asked.served and request.bytes < MAX_CONTENT // 2
        ]
        for feed in refused:
            self._void(source, feed)
        if refused:
            source.strikes += 1
        elif not request.expired:
            source.strikes = 0
        self._release(request)
        for feed in (feed for feed in request.ranges if feed not in refused):
            # It did answer, however late: what it had no room for in this answer is believed again.
            source.link.marks[feed].void = False
            source.link.recount(feed)
            self.claim(source.link, feed, now, grace=False)
        self._refill(source, now)

    def _expire(self, source: _Source, request: _Request) -> None:
        for feed, asked in request.ranges.items():
            if asked.next <= asked.high:
                self._void(source, feed)
        source.strikes += 1
        self._release(request)
        request.expired = True

    def _void(self, source: _Source, feed: bytes) -> None:
        source.link.marks[feed].void = True
        source.link.recount(feed)
        source.unproved.discard(feed)
        need = self._needs.get(feed)
        if need is not None:
            need.sources.pop(source, None)
            if not need.sources:
                del self._needs[feed]

    def _release(self, request: _Request) -> None:
        """Nobody waits for `request` any more: its feeds can be asked of others."""
        if not request.expired:
            self._active -= 1
        for feed in request.ranges:
            need = self._needs.get(feed)
            if need is not None and need.request is request:
                self._free(feed, need)

    def _free(self, feed: bytes, need: _Need) -> None:
        need.holder = need.request = None
        self._requeue(feed, need)

    def _requeue(self, feed: bytes, need: _Need) -> None:
        for source in need.sources:
            source.ready[feed] = None

    def _proved(self, source: _Source, feed: bytes, now: float) -> None:
        source.unproved.discard(feed)
        self._refill(source, now)

    def _refill(self, source: _Source, now: float) -> None:
        while source.waiting and len(source.unproved) < MAX_UNPROVED:
            feed, _ = source.waiting.popitem(last=False)
            self.claim(source.link, feed, now, grace=False)
