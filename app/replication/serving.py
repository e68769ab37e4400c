"""Answering wants, at the pace at which the other side takes the answers, and at which we care to work for it.

- Nothing is read from the store before the session's output has room for it, so a slow peer costs a fixed amount of
  memory and slows nobody else.
- Wants are answered in the order in which they came, each with about 256 KiB of entries.
- A range costs the reading of up to 64 KiB however little of it is sent. What is read is counted, and done in slices,
  so that a peer who asks for the last entry of many long stretches makes nobody else wait; who asks for more than
  anybody has use for is answered late.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from msgspec import Struct, field

from app.entry import Run
from app.errors import ProtocolError
from app.frontier import Head
from app.replication.accounts import Account
from app.replication.events import Want, WantReceived
from app.replication.frames import MAX_CONTENT
from app.replication.link import Link
from app.replication.session import Session
from app.replication.store import Store

OUTPUT_ROOM = 131_072  # no more is read while this much waits to be written
MAX_WANTS = 8  # unanswered, per session; a node of this kind sends 2
SLICE = 16_384  # units of work in one go: some 10 ms at worst, and with 64 KiB of what is only sent some 5
RANGE_WORK = 256  # units for a range of which little is sent: finding it takes some 0.1 ms
_SMALL = 16_384  # bytes
_CHUNK = 65_536
# Seconds in which who fetches asks for more: what was written for it, 256 KiB, travels over a slow line before it does.
QUIET = 20.0


class _Answer(Struct):
    id: int
    ranges: deque[Want]
    left: int = MAX_CONTENT
    pending: int = 0  # entries that were asked for, are here, and are not sent


class _Customer(Struct):
    """late_until: when it has paid for what was read for it; None if it owes nothing. fetching: feeds that it does not
    have whole, as far as is known, and asked for lately, with the last entry that it had then; quiet_at: when that is
    not lately any more; None while it waits for an answer, or fetches nothing."""

    queue: deque[_Answer] = field(default_factory=deque)
    pending: int = 0
    late_until: float | None = None
    fetching: dict[bytes, int] = field(default_factory=dict)
    quiet_at: float | None = None


class Server:
    def __init__(
        self, store: Store, own_feed: bytes, heads: Mapping[bytes, Head], dirty: set[Session], held: int
    ) -> None:
        """heads: the durable frontier, shared with the exchange; held: entries in the store."""
        self._store = store
        self._own_feed = own_feed
        self._heads = heads
        self._dirty = dirty
        self._held = held
        self._customers: dict[Link, _Customer] = {}

    def open(self, link: Link) -> None:
        self._customers[link] = _Customer()

    def close(self, link: Link) -> None:
        self._customers.pop(link, None)

    def grew(self, entries: int) -> None:
        """So many became durable."""
        self._held += entries

    def pending(self, link: Link) -> int:
        """Entries that the other side asked for and that were not sent yet."""
        customer = self._customers.get(link)
        return customer.pending if customer else 0

    def lacking(self, link: Link) -> int:
        """Entries of the feeds that it is fetching that the other side has yet to be sent. The own feed is left out: of
        that it says itself what it holds."""
        fetching = self._customers[link].fetching
        lacking = 0
        for feed, reached in list(fetching.items()):
            mark = link.mark(feed)
            left = 0 if mark.diverged else self._heads[feed].seq - max(reached, mark.seq, mark.sent)
            if left > 0:
                lacking += left
            else:
                del fetching[feed]
        return lacking

    def want(self, link: Link, event: WantReceived, now: float) -> None:
        """Raises ProtocolError for more wants than a peer may have open."""
        customer = self._customers[link]
        if len(customer.queue) >= MAX_WANTS:
            raise ProtocolError(f"more than {MAX_WANTS} unanswered wants")
        answer = _Answer(event.id, deque(event.ranges))
        for want in event.ranges:
            head = self._store.head(want.feed)
            answer.pending += max(0, min(want.high, head.seq if head else 0) - want.low + 1)
            if want.feed != self._own_feed and want.feed in self._heads:
                customer.fetching[want.feed] = want.low - 1
        customer.quiet_at = None
        customer.queue.append(answer)
        customer.pending += answer.pending
        self.serve(link, now)

    def serve(self, link: Link, now: float) -> None:
        """Write answers while the output has room, and not too many at a time: `writable` or `tick` comes again."""
        customer = self._customers[link]
        session, queue, work = link.session, customer.queue, link.account.work
        room, enough = OUTPUT_ROOM, work.left(now) - SLICE
        while queue and room > 0 and session.output_size < OUTPUT_ROOM and work.left(now) > enough:
            if work.owes(now):
                break
            answer = queue[0]
            runs = self._read(link, customer, answer, enough, now)
            room -= sum(run.size for run in runs)
            if not answer.ranges:
                queue.popleft()
                customer.pending -= answer.pending
            session.send_runs(answer.id, runs, not answer.ranges)
            self._dirty.add(session)
        unnoticed = session.output_size == 0  # nothing that was written will make `writable` come
        customer.late_until = work.paid_at(now) if queue and (unnoticed or work.owes(now)) else None
        if customer.quiet_at is None and customer.fetching and not queue:
            customer.quiet_at = now + QUIET

    def tick(self, now: float) -> None:
        for link, customer in list(self._customers.items()):
            if customer.quiet_at is not None and now >= customer.quiet_at:  # it has the rest from somebody else
                customer.quiet_at = None
                customer.fetching.clear()
            if customer.late_until is not None and now >= customer.late_until:
                self.serve(link, now)

    def deadline(self) -> float | None:
        times = [time for each in self._customers.values() for time in (each.late_until, each.quiet_at)]
        return min((time for time in times if time is not None), default=None)

    def _read(self, link: Link, customer: _Customer, answer: _Answer, enough: float, now: float) -> list[Run]:
        """About a chunk of the answer, or less if that is work; what is left of it stays in `answer`."""
        work = link.account.work
        runs: list[Run] = []
        room = min(_CHUNK, answer.left)
        while answer.ranges and room > 0 and work.left(now) > enough:
            want = answer.ranges.popleft()
            found = self._read_range(link.account, want, room, now)
            if not found:
                continue
            runs += found
            size = sum(run.size for run in found)
            room -= size
            answer.left -= size
            last = found[-1].last
            sent = min(answer.pending, last - want.low + 1)  # a run can go beyond what was asked
            answer.pending -= sent
            customer.pending -= sent
            mark = link.mark(want.feed)
            mark.sent = max(mark.sent, last)
            if last < want.high:
                answer.ranges.appendleft(Want(want.feed, last + 1, want.high))
        if answer.left <= 0:
            answer.ranges.clear()
        return runs

    def _read_range(self, account: Account, want: Want, room: int, now: float) -> list[Run]:
        found = self._store.read_runs(want.feed, want.low, want.high, room)
        size = sum(run.size for run in found)
        search = self._store.folds(want.feed, want.low - 1) if found else 0
        account.work.pay(search + (RANGE_WORK if size < _SMALL else 0), now)
        account.pay_for_entries(sum(len(run.entries) for run in found), size, self._held, now)
        return found
