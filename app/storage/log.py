"""The log of one room: everything that is saved there, and the only way to it.

- One process has a log open at a time; the folder's lock says which.
- Writing is thread-safe and answers with futures that are done when the entry is durable. Reading is `LogReader`'s.
- Who follows is told of each commit, and misses none.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from pathlib import Path

from app.amendments import Amendment, Edit, Reaction, check_amendment, encode_amendment
from app.clock import HybridClock
from app.courtesy import Courtesy
from app.entry import KIND_REPLY, KIND_TEXT, Reference, Run, check_text, encode_reference, skim_entry
from app.errors import LocalEntryError, StorageError
from app.frontier import Frontier
from app.identity import Identity
from app.ingest import IngestReport
from app.peers import PeerRecord
from app.storage import schema
from app.storage.environment import Environment, damaged, read_through
from app.storage.feeds import Feeds
from app.storage.folder import DATA_FILE, FolderLock, make_folder, refuse_network_file_system
from app.storage.following import Followers
from app.storage.log_reader import LogReader
from app.storage.quota import Quota
from app.storage.renewal import Renewal, settle
from app.storage.upgrades import upgrade
from app.storage.verification import Verifier
from app.storage.writer import Listener, Writer
from app.timeline import Landed, TimelineEntry


class Log(LogReader):
    """Belongs to one process, which opened it."""

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
        with env.read() as txn:
            meta = dict(txn.cursor(env.tables[schema.META]))
            feeds = Feeds(txn, env.tables)
            own = feeds.by_id(meta.get(schema.META_OWN_FEED, b""))
            if own is None:
                raise damaged(env.path, "its own feed is missing")
            newest = txn.get(schema.ENTRY_KEY.pack(own.num, own.seq), b"", env.tables[schema.ENTRIES])
            records = [schema.decode_peer(key, value) for key, value in txn.cursor(env.tables[schema.PEERS])]
        _check_owner(env.path.parent, meta, identity, room)
        with env.errors():
            latest = schema.U64.unpack(meta[schema.META_CLOCK])[0]
        peers = {record.key: record for record in records}
        super().__init__(env, feeds, peers, author=identity.public, own_feed=meta[schema.META_OWN_FEED])
        self._lock = lock
        self.folder = env.path.parent
        self.node = meta[schema.META_NODE]
        self.courtesy = Courtesy()
        self._followers = Followers()
        self._closed = False
        self.moved = False  # found elsewhere than it was left: a new own feed was begun
        self._writer = Writer(
            env,
            feeds,
            peers,
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
        progress: Callable[[int, int], object] = lambda *_: None,
    ) -> Log:
        """Open the log in `folder` (DATA-DIR/ME/rooms/ROOM), made on the first start.

        name: what the own feed's genesis calls its author; wall: microseconds since 1970, UTC; quota: what one peer may
        bring; progress: told how many bytes of how many are read, where the last one did not end well.
        Raises LockedError, DamagedError, NewerSchemaError, ReadOnlyError, DiskFullError or another StorageError.
        """
        refuse_network_file_system(folder)
        make_folder(folder)
        lock = FolderLock.take(folder)
        try:
            path = folder / DATA_FILE
            if not path.exists():
                from app.storage.creation import create  # once in the life of a room

                create(path, identity, name, room, wall)
            elif lock.left:
                read_through(path, progress)
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
        self._lock.ended_well()
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

        What one of the two branches lacks is in the new feed. If they prove another branch of a feed that the own one
        replaces, what is not in it is written into it.
        """
        return self._writer.renew(runs)

    def remember_peer(self, record: PeerRecord) -> Future[None]:
        """Save what is known about an author, in place of what was known before."""
        return self._writer.remember(record)

    def _renewed(self, renewal: Renewal) -> None:
        if renewal.node is not None:
            self.own_feed, self.node = renewal.feed, renewal.node

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
