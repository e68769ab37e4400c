"""Answering wants, at the pace at which the other side takes the answers.

- Nothing is read from the store before the session's output has room for it, so a slow peer costs a fixed amount of
  memory and slows nobody else.
- Wants are answered in the order in which they came, each with about 256 KiB of entries.
- A range costs the reading of up to 64 KiB however little of it is sent: few are read at a time, so that a peer who
  asks for the last entry of many long stretches makes nobody else wait.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from app.entry import Run
from app.errors import ProtocolError
from app.replication.events import Want, WantReceived
from app.replication.frames import MAX_CONTENT
from app.replication.link import Link
from app.replication.session import Session
from app.replication.store import Store

OUTPUT_ROOM = 131_072  # no more is read while this much waits to be written
MAX_WANTS = 8  # unanswered, per session; a node of this kind sends 2
_CHUNK = 65_536
_RANGE = 8_192  # what a range counts as at least: eight of them are read at a time, in some 20 ms at worst


@dataclass(slots=True)
class _Answer:
    id: int
    ranges: deque[Want]
    left: int = MAX_CONTENT
    pending: int = 0  # entries that were asked for, are here, and are not sent


class Server:
    def __init__(self, store: Store, dirty: set[Session]) -> None:
        self._store = store
        self._dirty = dirty
        self._queues: dict[Link, deque[_Answer]] = {}
        self._pending: dict[Link, int] = {}

    def open(self, link: Link) -> None:
        self._queues[link] = deque()
        self._pending[link] = 0

    def close(self, link: Link) -> None:
        self._queues.pop(link, None)
        self._pending.pop(link, None)

    def pending(self, link: Link) -> int:
        """Entries that the other side asked for and that were not sent yet."""
        return self._pending.get(link, 0)

    def want(self, link: Link, event: WantReceived) -> None:
        """Raises ProtocolError for more wants than a peer may have open."""
        queue = self._queues[link]
        if len(queue) >= MAX_WANTS:
            raise ProtocolError(f"more than {MAX_WANTS} unanswered wants")
        answer = _Answer(event.id, deque(event.ranges))
        for want in event.ranges:
            head = self._store.head(want.feed)
            answer.pending += max(0, min(want.high, head.seq if head else 0) - want.low + 1)
        queue.append(answer)
        self._pending[link] += answer.pending
        self.serve(link)

    def serve(self, link: Link) -> None:
        """Write answers while the output has room, and not too many at a time: `writable` comes again."""
        queue = self._queues[link]
        session = link.session
        room = OUTPUT_ROOM
        while queue and room > 0 and session.output_size < OUTPUT_ROOM:
            answer = queue[0]
            runs, cost = self._read(link, answer)
            room -= cost
            if not answer.ranges:
                queue.popleft()
                self._pending[link] -= answer.pending
            session.send_runs(answer.id, runs, not answer.ranges)
            self._dirty.add(session)

    def _read(self, link: Link, answer: _Answer) -> tuple[list[Run], int]:
        """About a chunk of the answer, and what it counts as; what is left of it stays in `answer`."""
        runs: list[Run] = []
        whole = room = min(_CHUNK, answer.left)
        while answer.ranges and room > 0:
            want = answer.ranges.popleft()
            found = [] if self._is_diverged(link, want) else self._read_range(want, room)
            if not found:
                continue
            runs += found
            size = sum(run.size for run in found)
            room -= max(size, _RANGE)
            answer.left -= size
            last = found[-1].last
            sent = min(answer.pending, last - want.low + 1)  # a run can go beyond what was asked
            answer.pending -= sent
            self._pending[link] -= sent
            mark = link.mark(want.feed)
            mark.sent = max(mark.sent, last)
            if last < want.high:
                answer.ranges.appendleft(Want(want.feed, last + 1, want.high))
        if answer.left <= 0:
            answer.ranges.clear()
        return runs, whole - room

    def _read_range(self, want: Want, room: int) -> list[Run]:
        return self._store.read_runs(want.feed, want.low, want.high, room)

    def _is_diverged(self, link: Link, want: Want) -> bool:
        mark = link.marks.get(want.feed)
        return mark is not None and mark.diverged
