"""Another branch of somebody else's feed, which a peer says to hold: found where the two part, and fetched from there.

- A claim accuses nobody. What is fetched is signed by the author and goes to the store as any run does: it keeps what
  is a proof, and who sent what does not verify is sent away.
- The last common entry is looked for by halves, since a run states the hash before it: twenty questions for a million
  entries, and one for a fork that is known already.
- One feed at a time and one question at a time in a session, and so many searches for one key: who says to hold
  branches and serves none takes little of our time with it, however often they come.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Mapping

from msgspec import Struct

from app.entry import Run, fold_chain
from app.errors import ProtocolError
from app.frontier import SHORT_HASH_BYTES, Head
from app.replication.events import RunsReceived, Want
from app.replication.intake import Intake
from app.replication.link import Link
from app.replication.session import Session
from app.replication.store import Store

MAX_SEARCHES = 64  # for one key in one run; each is at most some 50 questions of a fold of 64 KiB, or 20 ms
MAX_KEYS = 1_024  # that are counted; as many accounts are kept


class _Search(Struct, eq=False):
    """common: an entry that both branches have; other: one in which they differ, if the claim is true; at: the entry
    that was asked for, under the want `want`; answered: it has come."""

    feed: bytes
    common: int
    other: int
    at: int = 0
    want: int = 0
    answered: bool = False


class OtherBranches:
    def __init__(
        self, store: Store, own_feed: bytes, heads: Mapping[bytes, Head], intake: Intake, dirty: set[Session]
    ) -> None:
        self._store = store
        self._own_feed = own_feed
        self._heads = heads
        self._intake = intake
        self._dirty = dirty
        self._searches: dict[Link, _Search] = {}
        self._waiting: dict[Link, deque[bytes]] = {}
        self._spent: OrderedDict[bytes, int] = OrderedDict()

    def close(self, link: Link) -> None:
        self._searches.pop(link, None)
        self._waiting.pop(link, None)

    def are_likely(self, link: Link, wanted: Want, now: float) -> bool:
        """Whether the other side, which asks for entries, holds another branch of their feed: who asks for what it
        says to hold has found that out, and is compared with. Raises ProtocolError if it does so too often."""
        mark, mine = link.marks.get(wanted.feed), self._heads.get(wanted.feed)
        if mark is None or mine is None or wanted.feed == self._own_feed or mark.diverged or not mark.short_hash:
            return False
        if not wanted.low <= mark.seq < mine.seq:
            return False
        link.account.patience.spend(self._store.folds(wanted.feed, mark.seq) // 16, now)
        known = self._store.hash_at(wanted.feed, mark.seq)
        return known is not None and known[:SHORT_HASH_BYTES] != mark.short_hash

    def seek(self, link: Link, feed: bytes) -> None:
        """The other side holds another branch of `feed`, it says, or has shown it. Own feeds are not for here."""
        if self._author(feed) == self._author(self._own_feed):
            return
        spent = self._spent.pop(link.remote.key, 0)
        self._spent[link.remote.key] = spent + 1
        while len(self._spent) > MAX_KEYS:
            self._spent.popitem(last=False)
        if spent < MAX_SEARCHES:
            self._waiting.setdefault(link, deque()).append(feed)
            self._next(link)

    def received(self, link: Link, event: RunsReceived) -> bool:
        """Part of an answer; False if it is not one to what was asked here. Raises ProtocolError for what was not
        asked."""
        search = self._searches.get(link)
        if search is None or event.id != search.want:
            return False
        for run in event.runs:
            if search.answered or (run.feed, run.first) != (search.feed, search.at) or not run.before:
                raise ProtocolError("entries that were not asked for")
            search.answered = True
            if self._is_found(search, run):
                self._intake.add_evidence(link, run)
                search.other = search.common  # there is nothing more to ask
        if event.end:
            if search.answered and search.other > search.common:
                self._ask(link, search, (search.common + search.other) // 2 + 1)
            else:
                del self._searches[link]
                self._next(link)
        return True

    def _author(self, feed: bytes) -> bytes | None:
        known = self._store.feed_author(feed)
        return None if known is None else known[0]

    def _next(self, link: Link) -> None:
        waiting = self._waiting.get(link)
        while waiting and link not in self._searches:
            feed = waiting.popleft()
            mine = self._heads.get(feed)
            other = min(link.mark(feed).seq, mine.seq if mine else 0)
            if other > 1:
                search = self._searches[link] = _Search(feed, 1, other)
                known = self._store.fork_seq(feed)
                self._ask(link, search, known if 1 < known <= other else (1 + other) // 2 + 1)

    def _ask(self, link: Link, search: _Search, at: int) -> None:
        search.at = min(at, search.other)
        search.answered = False
        search.want = link.session.want([Want(search.feed, search.at, search.at)])
        self._dirty.add(link.session)

    def _is_found(self, search: _Search, run: Run) -> bool:
        """Whether the two branches part within the run; else the search goes on before or after it, or ends."""
        head = self._heads[search.feed]
        if run.before != self._store.hash_at(search.feed, run.first - 1):
            search.other = run.first - 1  # not after `common`: who says so has said before that it is the same
            return False
        last = min(run.last, head.seq)
        if fold_chain(run.before, run.entries[: last - run.first + 1]) != self._store.hash_at(search.feed, last):
            return True
        search.common = last
        return False
