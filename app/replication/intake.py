"""Runs that were received and are not yet durable: handed to the store, counted, and kept when the store fails.

- `upto` is how far a feed reaches once all of them are durable: what is wanted next begins there, so that fetching
  does not wait for the disk.
- A run is handed over only if it continues `upto`; what the store refuses resets it to what is durable.
- While the store fails (disk full), the runs wait here and one of them probes it with growing pauses. They are bounded
  by the puller's budget and by what peers may push unacknowledged.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from app.entry import Run
from app.frontier import Head
from app.replication.link import Link
from app.replication.session import Session

FIRST_RETRY_SECONDS = 1.0
LAST_RETRY_SECONDS = 60.0


class IngestRequest(Struct, frozen=True):
    """Runs for the store. The driver answers with `Exchange.ingested(ticket, report)`."""

    ticket: int
    session: Session
    runs: tuple[Run, ...]


class _Pending(Struct, eq=False):
    upto: int
    tickets: int


class Ticket(Struct, frozen=True, eq=False):
    """One request under way. pushed: its bytes count against what its sender may push."""

    request: IngestRequest
    link: Link
    size: int
    pushed: bool
    pending: dict[bytes, _Pending]


class Intake:
    def __init__(self, heads: Mapping[bytes, Head]) -> None:
        self.bytes = 0  # received and not durable
        self._heads = heads
        self._pending: dict[bytes, _Pending] = {}
        self._tickets: dict[int, Ticket] = {}
        self._last_ticket = 0
        self._outgoing: list[IngestRequest] = []
        self._held_back: deque[IngestRequest] = deque()
        self._retry_at: float | None = None
        self._probe: int | None = None
        self._pause = FIRST_RETRY_SECONDS
        self._pushed: dict[Link, int] = {}

    @property
    def failing(self) -> bool:
        """The store could not write lately: ask nobody for more."""
        return bool(self._held_back) or self._retry_at is not None or self._probe is not None

    def upto(self, feed: bytes) -> int:
        head = self._heads.get(feed)
        pending = self._pending.get(feed)
        return max(head.seq if head else 0, pending.upto if pending else 0)

    def pushed_bytes(self, link: Link) -> int:
        return self._pushed.get(link, 0)

    def add(self, link: Link, runs: Sequence[Run], *, pushed: bool) -> None:
        """Runs that each continue `upto` of their feed."""
        pendings: dict[bytes, _Pending] = {}
        for run in runs:
            pending = self._pending.setdefault(run.feed, _Pending(0, 0))
            pending.upto = run.last
            pendings[run.feed] = pending
        for pending in pendings.values():
            pending.tickets += 1
        ticket = self._hand_over(link, runs, pendings, pushed=pushed)
        if pushed:
            self._pushed[link] = self._pushed.get(link, 0) + ticket.size

    def add_evidence(self, link: Link, run: Run) -> None:
        """A run that contradicts what is here, for the store to judge."""
        self._hand_over(link, [run], {}, pushed=False)

    def _hand_over(self, link: Link, runs: Sequence[Run], pendings: dict[bytes, _Pending], *, pushed: bool) -> Ticket:
        self._last_ticket += 1
        request = IngestRequest(self._last_ticket, link.session, tuple(runs))
        ticket = Ticket(request, link, sum(run.size for run in runs), pushed, pendings)
        self._tickets[request.ticket] = ticket
        self.bytes += ticket.size
        (self._held_back if self.failing else self._outgoing).append(request)
        return ticket

    def take(self) -> list[IngestRequest]:
        requests, self._outgoing = self._outgoing, []
        return requests

    def failed(self, number: int, now: float) -> None:
        """The store could not write this ticket: keep it and try again later."""
        ticket = self._tickets.get(number)
        if ticket is None:
            return
        self._probe = None
        # Back to its place: entries of one feed must reach the store in order.
        waiting = sorted([*self._held_back, ticket.request], key=lambda request: request.ticket)
        self._held_back = deque(waiting)
        if self._retry_at is None:
            self._retry_at = now + self._pause
            self._pause = min(self._pause * 2, LAST_RETRY_SECONDS)

    def done(self, number: int) -> Ticket | None:
        """The store answered this ticket; what it made durable is in the heads already."""
        ticket = self._tickets.pop(number, None)
        if ticket is None:
            return None
        self.bytes -= ticket.size
        if ticket.pushed:
            left = self._pushed.get(ticket.link, 0) - ticket.size
            if left > 0:
                self._pushed[ticket.link] = left
            else:
                self._pushed.pop(ticket.link, None)
        for feed, pending in ticket.pending.items():
            pending.tickets -= 1
            if pending.tickets == 0 and self._pending.get(feed) is pending:
                del self._pending[feed]
        self._retry_at = self._probe = None
        self._pause = FIRST_RETRY_SECONDS
        self._outgoing.extend(self._held_back)
        self._held_back.clear()
        return ticket

    def reset(self, ticket: Ticket, feed: bytes) -> bool:
        """The store refused a run of `ticket`: count on nothing that is under way for `feed`.

        False if that was known, because an earlier ticket of the feed was refused.
        """
        pending = ticket.pending.get(feed)
        if pending is None or self._pending.get(feed, pending) is not pending:
            return False
        self._pending.pop(feed, None)
        return True

    def tick(self, now: float) -> None:
        if self._retry_at is not None and now >= self._retry_at:
            self._retry_at = None
            if self._held_back:  # one probe; the others follow when it succeeds
                probe = self._held_back.popleft()
                self._probe = probe.ticket
                self._outgoing.append(probe)

    def deadline(self) -> float | None:
        return self._retry_at


def with_before(run: Run, heads: Mapping[bytes, Head]) -> Run | None:
    """The run, with the hash that was left out because it is known here; None if it is not."""
    if run.before:
        return run
    head = heads.get(run.feed)
    return replace(run, before=head.hash) if head is not None and head.seq == run.first - 1 else None
