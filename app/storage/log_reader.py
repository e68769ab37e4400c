"""What is saved in one room, for whoever reads: replication, the faces and those who ask about people.

Each answer is a snapshot of what is durable, taken in whatever thread asks.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from app.entry import Reference, Run
from app.frontier import Head
from app.peers import Author, PeerRecord
from app.storage.environment import Environment
from app.storage.feeds import FeedReader, Feeds, head_of
from app.storage.proofs import first_fork, read_forks
from app.storage.ranks import Ranks
from app.storage.reading import TimelineSnapshot
from app.storage.renewal import earlier_feeds, is_replaced
from app.timeline import Evidence, TimelineEntry

if TYPE_CHECKING:
    from app.fork_proof import Fork
    from app.search import Query
    from app.storage.searching import Found


class LogReader:
    """Implements app.timeline.TimelineReader."""

    def __init__(
        self, env: Environment, feeds: Feeds, peers: Mapping[bytes, PeerRecord], *, author: bytes, own_feed: bytes
    ) -> None:
        """feeds, peers: kept up to date by the writer; author: the own public key."""
        self._env = env
        self._feeds = feeds
        self._peers = peers
        self.author = author
        self.own_feed = own_feed

    # Replication

    def frontier(self) -> dict[bytes, Head]:
        """All heads, with whole hashes, as of the last commit."""
        return self._feeds.frontier()

    def head(self, feed: bytes) -> Head | None:
        record = self._feeds.by_id(feed)
        return None if record is None else head_of(record)

    def feed_author(self, feed: bytes) -> tuple[bytes, str] | None:
        """The author's key, and the name in the genesis."""
        record = self._feeds.by_id(feed)
        return None if record is None else (record.author, record.name)

    def hash_at(self, feed: bytes, seq: int) -> bytes | None:
        """h(seq), 32 bytes; None for what is not held."""
        record = self._feeds.by_id(feed)
        if record is None or not record.low <= seq <= record.seq:
            return None
        if seq == record.seq:
            return record.hash
        with self._env.read() as txn:
            return FeedReader(txn, self._env.tables, self._feeds).hash_at(record, seq)

    def folds(self, feed: bytes, seq: int) -> int:
        """How many entries have to be read to know h(seq)."""
        record = self._feeds.by_id(feed)
        if record is None or not record.low <= seq < record.seq:
            return 0
        with self._env.read() as txn:
            return FeedReader(txn, self._env.tables, self._feeds).folds(record, seq)

    def read_runs(self, feed: bytes, low: int, high: int, max_bytes: int) -> list[Run]:
        """Runs from `low` to the checkpoint at or after `high`; of max_bytes of entries, but at least one run."""
        record = self._feeds.by_id(feed)
        if record is None or not record.low <= low <= record.seq or self._is_refused(record.author):
            return []
        with self._env.read() as txn:
            return FeedReader(txn, self._env.tables, self._feeds).runs(record, low, high, max_bytes)

    def withholds(self, feed: bytes) -> bool:
        """Whether the feed is here and its author refused: more of it is not taken, none of it given or shown."""
        record = self._feeds.by_id(feed)
        return record is not None and self._is_refused(record.author)

    # The timeline

    def before(self, key: bytes, limit: int) -> list[TimelineEntry]:
        with self._snapshot() as view:
            return view.before(key, limit)

    def after(self, key: bytes, limit: int) -> list[TimelineEntry]:
        with self._snapshot() as view:
            return view.after(key, limit)

    def count(self) -> int:
        with self._env.read() as txn:
            return Ranks(txn, self._env.tables).count()

    def rank(self, key: bytes) -> int:
        with self._env.read() as txn:
            return Ranks(txn, self._env.tables).rank(key)

    def at_rank(self, rank: int) -> bytes | None:
        with self._env.read() as txn:
            return Ranks(txn, self._env.tables).at_rank(rank)

    def entry_at(self, feed: bytes, seq: int) -> TimelineEntry | None:
        """Entry `seq` of `feed`, if it is here and shown."""
        record = self._feeds.by_id(feed)
        if record is None:
            return None
        with self._snapshot() as view:
            return view.entry_at(record, seq)

    def shown_from(self, feed: bytes, low: int, high: int, most: int) -> list[TimelineEntry]:
        """The first ones of the entries low..high of `feed` that are here and shown; a few hundred are looked at."""
        record = self._feeds.by_id(feed)
        if record is None:
            return []
        with self._snapshot() as view:
            return view.shown_from(record, max(low, record.low), min(high, record.seq), most)

    def placed_before(self, feed: bytes, low: int, high: int, key: bytes) -> int:
        """How many of the entries low..high of `feed`, which are here, stand before `key`, shown or not."""
        record = self._feeds.by_id(feed)
        if record is None:
            return 0
        with self._snapshot() as view:
            return view.placed_before(record, low, high, key)

    def crossed(self, pairs: Sequence[tuple[TimelineEntry, TimelineEntry]]) -> list[bool]:
        """Of each two that stand directly after each other: whether the latter's author had certainly not read the
        former."""
        from app.storage.causes import Causes  # when the first frame is there

        with self._env.read() as txn:
            causes = Causes(txn, self._env.tables, self._feeds)
            return [causes.crossed(above, below) for above, below in pairs]

    def evidence(self, feed: bytes, seq: int) -> Evidence | None:
        """What bounds when an entry that is here was written."""
        from app.storage.causes import Causes

        record, own = self._feeds.by_id(feed), self._feeds.by_id(self.own_feed)
        if record is None or own is None:
            return None
        with self._env.read() as txn:
            return Causes(txn, self._env.tables, self._feeds).evidence(record.num, seq, own.num)

    def position(self, feed: bytes, seq: int) -> bytes | None:
        """The timeline key of an entry, if it is here and shown."""
        record = self._feeds.by_id(feed)
        if record is None:
            return None
        with self._snapshot() as view:
            return view.position(record, seq)

    def reference(self, feed: bytes, seq: int) -> Reference | None:
        """How an entry that is here is named by others."""
        record = self._feeds.by_id(feed)
        if record is None:
            return None
        with self._snapshot() as view:
            return view.reference(record, seq)

    def versions(self, feed: bytes, seq: int) -> list[tuple[int | None, str]]:
        """(time, text) of what an entry was edited to, the latest first; time: microseconds since 1970, or None."""
        record = self._feeds.by_id(feed)
        if record is None:
            return []
        with self._snapshot() as view:
            return view.versions(record, seq)

    def search(self, query: Query) -> Iterator[Found]:
        """What `query` finds, the newest first; each step takes some milliseconds, in whatever thread it is taken."""
        from app.storage.searching import search  # not before somebody searches: it has no part in the start

        return search(self._env, self._feeds, self.author, query)

    def is_replaced(self, feed: bytes) -> bool:
        """Whether the author of `feed` has begun another one in its place."""
        with self._env.read() as txn:
            return is_replaced(txn, self._env.tables, self._feeds, feed)

    def earlier_feeds(self) -> list[bytes]:
        """The feeds that the own one replaces, as far as they are here."""
        with self._env.read() as txn:
            return earlier_feeds(txn, self._env.tables, self._feeds, self.own_feed)

    def forks(self) -> list[Fork]:
        """What somebody who is not refused said in two ways, and both are kept; the latest first."""
        with self._env.read() as txn:
            found = list(
                read_forks(
                    txn,
                    self._env.tables,
                    self._feeds,
                    lambda feed: is_replaced(txn, self._env.tables, self._feeds, feed),
                )
            )
        shown = [fork for fork in found if not self._is_refused(fork.proof.author)]
        return sorted(shown, key=lambda fork: fork.proof.time, reverse=True)

    def fork_seq(self, feed: bytes) -> int:
        """The first entry of `feed` of which another one is kept; 0: none."""
        with self._env.read() as txn:
            return first_fork(txn, self._env.tables, feed)

    # Peers

    def peers(self) -> dict[bytes, PeerRecord]:
        """What is known of the authors who were met, by their public keys."""
        return dict(self._peers)

    def authors(self) -> list[Author]:
        """Everybody whose entries are here. Takes time in the number of feeds: not to be asked for every entry."""
        found: dict[bytes, Author] = {}
        for feed in sorted(self._feeds.all(), key=lambda feed: feed.place):  # the newest feed says the name
            before = found.get(feed.author)
            messages = feed.seq - max(feed.low, 2) + 1 + (before.messages if before else 0)
            found[feed.author] = Author(feed.author, feed.name, messages, before.via if before else feed.via)
        return list(found.values())

    def cited_by(self, author: bytes) -> dict[bytes, int]:
        """What an author has read for certain, who says so: by feed, the last entry that an entry of theirs cites.

        Reads all entries of theirs.
        """
        from app.storage.citing import cited_by  # for exporting alone: it has no part in the start

        return cited_by(self._env, self._feeds, author)

    @contextlib.contextmanager
    def _snapshot(self) -> Iterator[TimelineSnapshot]:
        with self._env.read() as txn:
            yield TimelineSnapshot(txn, self._env.tables, self._feeds, self.author)

    def _is_refused(self, author: bytes) -> bool:
        record = self._peers.get(author)
        return record is not None and record.refused

    def _author_of(self, feed: bytes) -> bytes | None:
        record = self._feeds.by_id(feed)
        return None if record is None else record.author
