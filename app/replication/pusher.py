"""Own new entries, sent at once to every peer that is level with the own feed.

- At most 256 KiB of them are unacknowledged per peer. Who falls behind that is told with a have and pulls, and is
  pushed to again once level.
- Level means an equal hash: an acknowledgement of another branch is none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from app.entry import Run
from app.frontier import SHORT_HASH_BYTES, Head
from app.replication.exchange_events import Diverged, Held
from app.replication.frames import MAX_CONTENT
from app.replication.link import Link
from app.replication.session import Session
from app.replication.store import Store


class _Unacknowledged(Struct, frozen=True):
    head: Head
    size: int


class _Window(Struct):
    level: bool = False  # up to what is unacknowledged, it holds all of the own feed
    held: int = 0  # the last entry that was acknowledged with an equal hash
    sent: int = 0
    bytes: int = 0
    unacknowledged: deque[_Unacknowledged] = field(default_factory=deque)


class Pusher:
    def __init__(self, store: Store, own_feed: bytes, heads: Mapping[bytes, Head], dirty: set[Session]) -> None:
        self._store = store
        self._feed = own_feed
        self._heads = heads
        self._dirty = dirty
        self._windows: dict[Link, _Window] = {}

    def open(self, link: Link) -> None:
        self._windows[link] = _Window()

    def close(self, link: Link) -> None:
        self._windows.pop(link, None)

    def push(self, links: Iterable[Link]) -> list[Link]:
        """Send what is new of the own feed to those that are level; the others, who are to be told of it."""
        head = self._heads[self._feed]
        read: dict[int, list[Run]] = {}  # one read for all who are at the same place
        behind: list[Link] = []
        for link in links:
            window = self._windows[link]
            if window.level and window.sent < head.seq:
                if window.sent not in read:
                    read[window.sent] = self._store.read_runs(self._feed, window.sent + 1, head.seq, MAX_CONTENT)
                window.level = self._send(link, window, read[window.sent], head)
            if not window.level:
                behind.append(link)
        return behind

    def heard(self, link: Link, theirs: Head, now: float) -> Held | Diverged | None:
        """The other side says how much of the own feed it holds; what is to be told of that."""
        # Comparing hashes in the middle of a stretch means to fold it: for whom one entry is about half a microsecond.
        link.account.patience.spend(self._store.folds(self._feed, theirs.seq) // 16, now)
        match self.acknowledged(link, theirs):
            case None:
                return Diverged(link.session, self._feed)
            case True:
                level = theirs.seq == self._heads[self._feed].seq
                return Held(link.remote.key, link.remote.node, self._feed, theirs.seq, level)
        return None

    def acknowledged(self, link: Link, theirs: Head) -> bool | None:
        """The other side says how much of the own feed it holds.

        True: it is held, and more than was known; False: nothing new; None: it holds another branch.
        """
        window = self._windows[link]
        head = self._heads[self._feed]
        if theirs.seq > head.seq:
            # Not proved: perhaps this database was rolled back, perhaps it is a lie. Nothing is pushed onto it, and the
            # exchange fetches it.
            window.level = False
            return False
        if theirs.seq < window.held:
            self._forget(window, theirs.seq)
            return False
        if theirs.seq == window.held and theirs.seq < head.seq:
            return False
        known = next((item.head.hash for item in window.unacknowledged if item.head.seq == theirs.seq), None)
        expected = known or self._hash_at(theirs.seq, head)
        if expected is None or expected[:SHORT_HASH_BYTES] != theirs.short_hash:
            window.level = False
            return None
        while window.unacknowledged and window.unacknowledged[0].head.seq <= theirs.seq:
            window.bytes -= window.unacknowledged.popleft().size
        news = theirs.seq > window.held
        window.held = theirs.seq
        if theirs.seq == head.seq:
            window.level, window.sent = True, head.seq
        return news

    def unheld(self, link: Link) -> int:
        """Own entries that the other side has not acknowledged in this session; none if it has another branch."""
        return 0 if link.mark(self._feed).diverged else self._heads[self._feed].seq - self._windows[link].held

    def _send(self, link: Link, window: _Window, runs: list[Run], head: Head) -> bool:
        size = sum(run.size for run in runs)
        if not runs or runs[-1].last != head.seq or window.bytes + size > MAX_CONTENT:
            return False
        if window.held == window.sent:  # the other side has said that it holds what comes before, with an equal hash
            runs = [replace(runs[0], before=b""), *runs[1:]]
        link.session.send_runs(0, runs, True)
        self._dirty.add(link.session)
        window.unacknowledged.append(_Unacknowledged(head, size))
        window.bytes += size
        window.sent = head.seq
        link.mark(self._feed).sent = head.seq
        return True

    def _forget(self, window: _Window, seq: int) -> None:
        """It holds less than it did: its database was rolled back, or it lied."""
        window.level = False
        window.held = seq
        window.bytes = 0
        window.unacknowledged.clear()

    def _hash_at(self, seq: int, head: Head) -> bytes | None:
        return head.hash if seq == head.seq else self._store.hash_at(self._feed, seq)
