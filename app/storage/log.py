"""The log of one room: everything that is saved there, and the only way to it.

- One process has a log open at a time; the folder's lock says which.
- Writing is thread-safe and answers with futures that are done when the entry is durable. Reads are snapshots of what
  is durable, from any thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING

from app.amendments import Amendment, Edit, Reaction, check_amendment, encode_amendment
from app.clock import HybridClock
from app.courtesy import Courtesy
from app.entry import (
    KIND_REPLY,
    KIND_TEXT,
    Reference,
    Run,
    check_text,
    encode_reference,
    skim_entry,
)
from app.errors import LocalEntryError, StorageError
from app.frontier import Frontier, Head
from app.identity import Identity
from app.ingest import IngestReport
from app.peers import Author, PeerRecord
from app.storage import schema
from app.storage.creation import create
from app.storage.environment import Environment, damaged
from app.storage.feeds import FeedReader, Feeds, head_of
from app.storage.folder import (
    DATA_FILE,
    FolderLock,
    make_folder,
    refuse_network_file_system,
)
from app.storage.following import Followers
from app.storage.quota import Quota
from app.storage.ranks import Ranks
from app.storage.reading import TimelineSnapshot
from app.storage.renewal import Renewal, is_replaced, settle
from app.storage.upgrades import upgrade
from app.storage.verification import Verifier
from app.storage.writer import Listener, Writer
from app.timeline import Evidence, Landed, TimelineEntry

if TYPE_CHECKING:
    from app.search import Query
    from app.storage.searching import Found


class Log:
    """Implements app.timeline.TimelineReader."""

    def __init__(
        self,
        lock: FolderLock,
        env: Environment,
        *,
        identity: Identity,
        room: str,
        wall: Callable[[], int],
        quota: Quota,
    ) -> None:
        """Use `Log.open`."""
        self._lock = lock
        self._env = env
        with env.read() as txn:
            meta = dict(txn.cursor(env.tables[schema.META]))
            self._feeds = Feeds(txn, env.tables)
            own = self._feeds.by_id(meta.get(schema.META_OWN_FEED, b""))
            if own is None:
                raise damaged(env.path, "its own feed is missing")
            newest = txn.get(schema.ENTRY_KEY.pack(own.num, own.seq), b"", env.tables[schema.ENTRIES])
            records = [schema.decode_peer(key, value) for key, value in txn.cursor(env.tables[schema.PEERS])]
        _check_owner(env.path.parent, meta, identity, room)
        with env.errors():
            latest = schema.U64.unpack(meta[schema.META_CLOCK])[0]
        self.author = identity.public
        self.folder = env.path.parent
        self.node = meta[schema.META_NODE]
        self.own_feed = meta[schema.META_OWN_FEED]
        self._peers = {record.key: record for record in records}
        self.courtesy = Courtesy()
        self._followers = Followers()
        self._closed = False
        self.moved = False  # found elsewhere than it was left: a new own feed was begun
        self._writer = Writer(
            env,
            self._feeds,
            self._peers,
            HybridClock(max(latest, skim_entry(newest)[0] or 0)),
            identity=identity,
            own_num=own.num,
            room=room,
            renewed=self._renewed,
            verifier=Verifier(room, self._author_of, self._is_refused),
            wall=wall,
            quota=quota,
            courtesy=self.courtesy,
        )
        self._writer.subscribe(self._followers.tell)

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        identity: Identity,
        name: str,
        room: str,
        wall: Callable[[], int],
        quota: Quota = Quota(),  # noqa: B008  immutable
    ) -> Log:
        """Open the log in `folder` (DATA-DIR/ME/rooms/ROOM), made on the first start.

        name: what the own feed's genesis calls its author; wall: microseconds since 1970, UTC; quota: what one peer may
        bring.
        Raises LockedError, DamagedError, NewerSchemaError, ReadOnlyError, DiskFullError or another StorageError.
        """
        refuse_network_file_system(folder)
        make_folder(folder)
        lock = FolderLock.take(folder)
        try:
            path = folder / DATA_FILE
            if not path.exists():
                create(path, identity, name, room, wall)
            env = Environment(path)
            try:
                upgrade(env)
                moved = settle(env, identity, name, room, wall())
                log = cls(lock, env, identity=identity, room=room, wall=wall, quota=quota)
                log.moved = moved
                return log
            except BaseException:
                env.close()
                raise
        except BaseException:
            lock.release()
            raise

    def close(self) -> None:
        """Save what was accepted, end the thread, release the lock."""
        if self._closed:
            return
        self._closed = True
        self._writer.close()
        self._followers.close()
        self._env.close()
        self._lock.release()

    # Writing

    def append(self, text: str) -> Future[TimelineEntry]:
        """Save a message of one's own. Raises LocalEntryError at once if it cannot be one.

        Waits while more than writer.MAX_WAITING of them are waiting: what is piped in can be faster than the disk.
        """
        return self._writer.append(KIND_TEXT, check_text(text), len(text))

    def append_all(self, texts: Sequence[str]) -> Future[None]:
        """As `append`, for messages that are there at the same time: one answer for all, which are saved or not."""
        said = [(KIND_TEXT, check_text(text)) for text in texts]
        return self._writer.append_all(said, sum(map(len, texts)))

    def reply(self, text: str, to: Reference) -> Future[TimelineEntry]:
        """Save a message that answers another."""
        return self._writer.append(KIND_REPLY, [encode_reference(to), check_text(text)], len(text))

    def amend(self, amendment: Amendment) -> Future[TimelineEntry]:
        """Save an edit, a deletion or a reaction; done with the entry that says so, which has no place of its own.

        Raises LocalEntryError for an edit or deletion of what somebody else wrote, or of what is not here.
        """
        check_amendment(amendment)
        record = self._feeds.by_id(amendment.target.feed)
        with self._snapshot() as view:
            if record is None or not view.is_here(amendment.target):
                raise LocalEntryError("the message is not here any more")
        if record.author != self.author and not isinstance(amendment, Reaction):
            raise LocalEntryError("only who wrote a message can change or delete it")
        kind, payload = encode_amendment(amendment)
        return self._writer.append(kind, payload, len(amendment.text) if isinstance(amendment, Edit) else 0)

    def ingest(self, runs: Sequence[Run], via: bytes = b"") -> Future[IngestReport]:
        """Save runs from a peer. A run that breaks a rule is in the report; the others are saved all the same.

        via: the key of the peer that brought them, against which they may count (quota.py); empty: against nobody.
        """
        return self._writer.ingest(tuple(runs), via)

    def hold(self, holding: bool) -> None:
        """While holding, what is appended waits: it could contradict what others hold of the own feed."""
        self._writer.hold(holding)

    def renew(self, runs: Sequence[Run]) -> Future[Renewal | None]:
        """Begin a new own feed, if `runs` prove another branch of this one; done with it, or with None if they do not.

        What one of the two branches lacks is in the new feed.
        """
        return self._writer.renew(runs)

    def is_replaced(self, feed: bytes) -> bool:
        """Whether the author of `feed` has begun another one in its place."""
        with self._env.read() as txn:
            return is_replaced(txn, self._env.tables, self._feeds, feed)

    def _renewed(self, renewal: Renewal) -> None:
        self.own_feed, self.node = renewal.feed, renewal.node

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

    # Following

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` in the writer's thread after each commit, in commit order. Returns what ends that."""
        return self._writer.subscribe(listener)

    def follow(self, frontier: Frontier) -> AsyncIterator[Sequence[TimelineEntry]]:
        """Everything shown after `frontier` in reading order, then each commit as it lands; ends with the log.

        What is withheld is told when its author is refused no more, as far as it was not told before.
        """
        return self._follow(frontier)

    def watch(self, frontier: Frontier, most: int) -> AsyncIterator[Landed]:
        """As `follow`, for who shows a part of the timeline: of more than `most` entries at once only their number."""
        return self._followers.follow(frontier, self._feeds, self._snapshot, withholds=self.withholds, most=most)

    async def _follow(self, frontier: Frontier) -> AsyncIterator[Sequence[TimelineEntry]]:
        landed = self._followers.follow(frontier, self._feeds, self._snapshot, withholds=self.withholds)
        async with contextlib.aclosing(landed):
            async for some in landed:
                yield some.entries

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

        with self._env.read() as txn:
            return cited_by(txn, self._env.tables, self._feeds, author)

    def remember_peer(self, record: PeerRecord) -> Future[None]:
        """Save what is known about an author, in place of what was known before."""
        return self._writer.remember(record)

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


def _check_owner(folder: Path, meta: dict[bytes, bytes], identity: Identity, room: str) -> None:
    needed = {schema.META_NODE, schema.META_OWN_FEED, schema.META_AUTHOR, schema.META_ROOM, schema.META_CLOCK}
    if missing := needed - meta.keys():
        raise damaged(folder / DATA_FILE, f"table meta lacks {', '.join(sorted(key.decode() for key in missing))}")
    if meta[schema.META_AUTHOR] != identity.public:
        raise StorageError(
            f"{folder} was written with another key: put the identity.key that belongs to it back, "
            "or move the folder away to begin anew"
        )
    if meta[schema.META_ROOM] != room.encode():
        raise StorageError(f"{folder} holds room {meta[schema.META_ROOM].decode(errors='replace')}, not {room}")
