"""What others hold of the own feed and this node does not: an end that was lost, or another branch.

- Both mean that this database was rolled back, or runs twice. A claim alone proves neither and changes nothing; what
  is fetched is signed with the own key, or is nothing.
- An end that was lost comes in as anything else does (puller). Of a branch, the last common entry is looked for by
  halves, since a run states the hash before it; then all of the branch is fetched, and handed to the owner.
- The same for every other feed by the own key: those that the own one replaces, of which more may come here long
  after that, and those of a database that was lost, which nobody else can heal. What two devices heal is shown once.
- One branch at a time, bounded in bytes and in time. Whoever serves it badly is not asked again in its session before
  it says to hold more, and a branch that was fetched is not fetched again, whoever holds it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, field

from app.entry import Run, fold_chain
from app.frontier import SHORT_HASH_BYTES, Head
from app.replication.events import RunsReceived, Want
from app.replication.exchange_events import ExchangeEvent, OwnBranch, OwnMissing
from app.replication.link import Link
from app.replication.session import Session
from app.replication.store import Store

MAX_BRANCH_BYTES = 8 * 1024 * 1024  # of one branch; what is beyond it stays readable where it is
SILENCE_SECONDS = 10.0  # without an answer
TURN_SECONDS = 120.0  # while others wait: who serves a few bytes now and then must not keep them from it
MAX_SEARCHES = 64  # of one feed in one session, each for more than the one before: who writes on comes to an end here
MAX_FETCHED = 1_024  # branches that are remembered, 100 bytes each; what is forgotten is fetched once more
RUN_WEIGHT, ENTRY_WEIGHT = 512, 64  # bytes that a run and an entry take here beside the entry's own


class _Asked(Struct, eq=False):
    """A feed of which somebody has shown another branch. last: how far it was searched for; times: how often."""

    link: Link
    feed: bytes
    last: int = 0
    times: int = 0
    waits: bool = False


class _Search(Struct, eq=False):
    """common: an entry that both branches have; other: one in which they differ; last: the other branch's last;
    here: the last of the one that is here; turn: until when others wait for it; want: the id of what was asked;
    found: what was fetched of the other branch after `common`; head: what it folds to."""

    link: Link
    feed: bytes
    common: int
    other: int
    last: int
    here: int
    deadline: float
    turn: float
    want: int = 0
    found: list[Run] = field(default_factory=list)
    size: int = 0
    head: bytes = b""

    @property
    def is_found(self) -> bool:
        return self.other - self.common == 1

    @property
    def next(self) -> int:
        """The entry that is asked for."""
        if not self.is_found:
            return (self.common + self.other) // 2 + 1
        return self.found[-1].last + 1 if self.found else self.other


class OwnBranches:
    def __init__(
        self,
        store: Store,
        own_feed: bytes,
        earlier: Collection[bytes],
        heads: Mapping[bytes, Head],
        dirty: set[Session],
    ) -> None:
        """earlier: the feeds that the own one replaces."""
        self._store = store
        self._key = self._author(own_feed)
        self._feed = own_feed
        self._earlier = frozenset(earlier)
        self._heads = heads
        self._dirty = dirty
        self._search: _Search | None = None
        self._asked: dict[Link, dict[bytes, _Asked]] = {}
        self._waiting: deque[_Asked] = deque()  # at most each feed by the own key of all who are connected
        self._handed: set[Link] = set()  # whose branch the owner has got: what follows is not this exchange's business
        self._fetched: dict[tuple[bytes, int, bytes], int] = {}  # by feed, seq, short hash: how much was here then
        self._given_up: set[tuple[Link, int]] = set()  # what was asked and is not waited for: it can be answered yet
        self._missing = 0
        self._events: list[ExchangeEvent] = []

    def close(self, link: Link, now: float) -> None:
        self._handed.discard(link)
        for asked in self._asked.pop(link, {}).values():
            if asked.waits:
                self._waiting.remove(asked)
        self._given_up = {asked for asked in self._given_up if asked[0] is not link}
        if self._search is not None and self._search.link is link:
            self._search = None
        self._next(now)

    def is_other(self, link: Link, feed: bytes, mine: Head, theirs: Head, now: float) -> bool:
        """Whether what the other side says to hold is another branch. One that is shorter is looked at only if the own
        feed replaces it: of any other feed, who holds it finds that out and asks for what is here."""
        if theirs.seq == mine.seq:
            return theirs.short_hash != mine.short_hash
        if feed not in self._earlier or not 1 <= theirs.seq < mine.seq:
            return False
        link.account.patience.spend(self._store.folds(feed, theirs.seq) // 16, now)
        expected = self._store.hash_at(feed, theirs.seq)
        return expected is not None and expected[:SHORT_HASH_BYTES] != theirs.short_hash

    def seek(self, link: Link, feed: bytes, now: float) -> None:
        """The other side holds another branch, it says, or has shown it, or says to hold more of it."""
        if feed not in self._heads or link in self._handed or self._author(feed) != self._key:
            return
        asked = self._asked.setdefault(link, {}).setdefault(feed, _Asked(link, feed))
        if asked.waits or asked.times >= MAX_SEARCHES or link.mark(feed).seq <= asked.last:
            return
        asked.waits = True
        self._waiting.append(asked)
        self._next(now)

    def grew(self, links: Collection[Link], feed: bytes, now: float) -> None:
        """More of a feed that is not the own one is here: those who hold another branch of it lack that too."""
        if self._author(feed) != self._key or any(link.missing_of(feed) for link in links):
            return  # not once for each piece of it that comes
        for link in links:
            if feed in link.marks and link.marks[feed].diverged:
                asked = self._asked.get(link, {}).get(feed)
                if asked is not None:
                    asked.last = 0
                self.seek(link, feed, now)

    def is_pending(self, link: Link) -> bool:
        """Whether a branch of it is fetched, or about to be, or was and the own feed will be another one."""
        searched = self._search is not None and self._search.link is link
        return searched or link in self._handed or any(asked.waits for asked in self._asked.get(link, {}).values())

    def received(self, link: Link, event: RunsReceived, now: float) -> bool:
        """Part of an answer; False if it is not one to what was asked here."""
        if (link, event.id) in self._given_up:
            if event.end:
                self._given_up.discard((link, event.id))
            return True
        search = self._search
        if search is None or search.link is not link or event.id != search.want:
            return False
        search.deadline = now + SILENCE_SECONDS
        for run in event.runs:
            self._take(search, run)
        if event.end and self._search is search:
            if not event.runs and not search.found:
                self._search = None  # it does not serve what it says to hold
            elif search.is_found and (search.size > MAX_BRANCH_BYTES or not event.runs or search.next > search.last):
                self._hand_over(search)
            else:
                self._ask(search)
            self._next(now)
        return True

    def tick(self, now: float) -> None:
        search, due = self._search, self.deadline()
        if search is not None and due is not None and now >= due:
            if search.found and now < search.deadline:
                self._hand_over(search)
            self._search = None
            self._given_up.add((search.link, search.want))
        self._next(now)

    def deadline(self) -> float | None:
        search = self._search
        if search is None:
            return None
        return min(search.deadline, search.turn) if self._waiting else search.deadline

    def take_events(self, links: Iterable[Link]) -> list[ExchangeEvent]:
        missing = max((link.missing_of(self._feed) for link in links), default=0)
        if missing != self._missing:
            self._missing = missing
            self._events.append(OwnMissing(missing))
        events, self._events = self._events, []
        return events

    def came_back(self, links: Iterable[Link], before: int) -> list[tuple[Link, Head]]:
        """The own feed, which ended at `before`, is longer: whose claims beyond that can be judged now.

        Also those who were slow to serve what they claimed: what they hold they hold, whoever brought it here.
        """
        judged = []
        for link in links:
            mark = link.marks.get(self._feed)
            if mark is not None and mark.seq > before:
                link.recount(self._feed)
                if mark.seq <= self._heads[self._feed].seq and mark.short_hash and not mark.diverged:
                    judged.append((link, Head(mark.low, mark.seq, mark.short_hash)))
        return judged

    def _next(self, now: float) -> None:
        while self._search is None and self._waiting:
            asked = self._waiting.popleft()
            asked.waits = False
            mark = asked.link.mark(asked.feed)
            asked.last, asked.times = mark.seq, asked.times + 1
            here = self._heads[asked.feed].seq
            other = min(mark.seq, here)
            if other > 1 and self._fetched.get((asked.feed, mark.seq, mark.short_hash)) != here:
                silent, turn = now + SILENCE_SECONDS, now + TURN_SECONDS
                self._search = _Search(asked.link, asked.feed, 1, other, mark.seq, here, silent, turn)
                self._ask(self._search)

    def _take(self, search: _Search, run: Run) -> None:
        if run.feed != search.feed or run.first != search.next:
            return
        if search.is_found:
            follows = run.before == (search.head if search.found else self._store.hash_at(run.feed, run.first - 1))
            search.head = fold_chain(run.before, run.entries) if follows else b""
            search.found.append(run)
            search.size += run.size + RUN_WEIGHT + ENTRY_WEIGHT * len(run.entries)
        elif run.before == self._store.hash_at(run.feed, run.first - 1):
            search.common = run.first - 1
        else:
            search.other = run.first - 1

    def _hand_over(self, search: _Search) -> None:
        self._search = None
        if search.feed == self._feed:
            self._handed.add(search.link)
        if search.head:  # whatever its signature is worth: nothing else has this hash
            self._fetched[search.feed, search.found[-1].last, search.head[:SHORT_HASH_BYTES]] = search.here
            while len(self._fetched) > MAX_FETCHED:
                del self._fetched[next(iter(self._fetched))]
        self._events.append(OwnBranch(search.link.session, search.common, tuple(search.found)))

    def _author(self, feed: bytes) -> bytes | None:
        known = self._store.feed_author(feed)
        return None if known is None else known[0]

    def _ask(self, search: _Search) -> None:
        low = search.next
        high = search.last if search.is_found else low
        search.want = search.link.session.want([Want(search.feed, low, high)])
        self._dirty.add(search.link.session)
