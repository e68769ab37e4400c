"""The one thread that writes: it commits together what is waiting, and only then says that it is saved.

- Own appends go first: a person waits for them, peers can wait.
- Durable, then published in memory, then told: to whoever wrote it here, to listeners, to whoever brought it, in this
  order and in commit order. Who reads along is a person too; who brought it only goes on.
- A request fails alone: a full disk or a bad run is an answer through its future, and the thread goes on.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import TypeAlias

from msgspec import Struct, field

from app.clock import HybridClock
from app.courtesy import Courtesy
from app.entry import Run
from app.errors import DiskFullError, StorageError
from app.frontier import Advance
from app.identity import Identity
from app.ingest import IngestReport, RefusedRun
from app.peers import PeerRecord
from app.storage.batch import Batch, Committed
from app.storage.effort import Effort
from app.storage.environment import Environment, Txn
from app.storage.feeds import Feeds
from app.storage.placing import MAX_STEPS
from app.storage.quota import Quota
from app.storage.renewal import Renewal, Renewing
from app.storage.schema import PLACED_KEY
from app.storage.verification import VerifiedRun, Verifier
from app.timeline import TimelineEntry

Listener: TypeAlias = Callable[[Sequence[Advance]], None]

MAX_WAITING = 65_536  # own messages; who adds more waits: a pipe can be read faster than a disk is written
MAX_WAITING_BYTES = 32 << 20
MAX_GROUP_BYTES = 4 << 20  # one commit; some 30,000 short messages, so that others are heard between two
ENTRY_COST = 64  # bytes that even an empty entry counts for in a commit: its keys and its place are written too

_LOG = logging.getLogger(__name__)


class _Append(Struct):
    """said: kind and payload of the entry; size: bytes that it counts for."""

    said: Sequence[tuple[int, object]]
    size: int
    future: Future[TimelineEntry] = field(default_factory=Future)


class _AppendAll(Struct):
    """Several entries that are written together."""

    said: Sequence[tuple[int, object]]
    size: int
    future: Future[None] = field(default_factory=Future)


class _Ingest(Struct):
    """Runs that a peer has brought."""

    runs: Sequence[Run]
    via: bytes
    future: Future[IngestReport] = field(default_factory=Future)

    @property
    def size(self) -> int:
        return sum(run.size + len(run.entries) * ENTRY_COST + 256 for run in self.runs)


class _Remember(Struct):
    """What is to be known of somebody from now on."""

    record: PeerRecord
    future: Future[None] = field(default_factory=Future)

    @property
    def size(self) -> int:
        return 256 + 64 * len(self.record.held)


class _Renew(Struct):
    """The own feed is to be continued by another."""

    runs: Sequence[Run]
    future: Future[Renewal | None] = field(default_factory=Future)

    @property
    def size(self) -> int:
        return MAX_GROUP_BYTES  # nothing else comes after it in a group


_Own: TypeAlias = _Append | _AppendAll
_Request: TypeAlias = _Own | _Ingest | _Remember | _Renew


class _Group(Struct):
    """The requests of one commit. size: bytes that they count for."""

    size: int = 0
    appends: list[_Own] = field(default_factory=list)
    ingests: list[_Ingest] = field(default_factory=list)
    peers: list[_Remember] = field(default_factory=list)
    renewals: list[_Renew] = field(default_factory=list)
    verified: list[list[VerifiedRun | RefusedRun]] = field(default_factory=list)

    @property
    def requests(self) -> list[_Request]:
        return [*self.appends, *self.ingests, *self.peers, *self.renewals]


class Writer:
    def __init__(
        self,
        env: Environment,
        feeds: Feeds,
        peers: dict[bytes, PeerRecord],
        clock: HybridClock,
        *,
        identity: Identity,
        own_num: int,
        room: str,
        renewed: Callable[[Renewal], None],
        verifier: Verifier,
        quota: Quota,
        wall: Callable[[], int],
        courtesy: Courtesy,
    ) -> None:
        """peers: the table in memory, by public key; only this thread changes it; renewed: called in this thread when
        another feed is the own one from now on, before anything is written into it."""
        self._env = env
        self._feeds = feeds
        self._effort = Effort(MAX_STEPS)
        self._peers = peers
        self._clock = clock
        self._identity = identity
        self._own_num = own_num
        self._room = room
        self._renewed = renewed
        self._verifier = verifier
        self._quota = quota
        self._wall = wall
        self._courtesy = courtesy
        self._mutex = threading.Lock()
        self._changed = threading.Condition(self._mutex)
        self._appends: deque[_Own] = deque()
        self._others: deque[_Ingest | _Remember | _Renew] = deque()
        self._holding = False
        self._append_bytes = 0
        self._closing = False
        self._listeners: list[Listener] = []
        self._thread = threading.Thread(target=self._run, name="storage writer", daemon=True)
        self._thread.start()

    def append(self, kind: int, payload: object, size: int) -> Future[TimelineEntry]:
        """size: bytes of the payload, roughly."""
        request = _Append([(kind, payload)], size + ENTRY_COST)
        self._submit_own(request)
        return request.future

    def append_all(self, said: Sequence[tuple[int, object]], size: int) -> Future[None]:
        """Kind and payload of each; size: bytes of all payloads, roughly. They are in one commit, or none is."""
        request = _AppendAll(said, size + len(said) * ENTRY_COST)
        self._submit_own(request)
        return request.future

    def ingest(self, runs: Sequence[Run], via: bytes) -> Future[IngestReport]:
        request = _Ingest(runs, via)
        self._submit(request)
        return request.future

    def remember(self, record: PeerRecord) -> Future[None]:
        request = _Remember(record)
        self._submit(request)
        return request.future

    def renew(self, runs: Sequence[Run]) -> Future[Renewal | None]:
        """Begin a new own feed, or write on in it, with what `runs` prove to be in another branch."""
        request = _Renew(runs)
        self._submit(request)
        return request.future

    def hold(self, holding: bool) -> None:
        """While holding, own appends wait. Closing ends it."""
        with self._mutex:
            self._holding = holding and not self._closing
            self._changed.notify_all()

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        with self._mutex:
            self._listeners = [*self._listeners, listener]

        def unsubscribe() -> None:
            with self._mutex:
                self._listeners = [other for other in self._listeners if other is not listener]

        return unsubscribe

    def close(self) -> None:
        """Write what is waiting, then end the thread."""
        with self._mutex:
            self._closing = True
            self._holding = False
            self._changed.notify_all()
        self._thread.join()

    def _submit_own(self, request: _Own) -> None:
        with self._mutex:
            while self._is_full() and not self._closing and threading.current_thread() is not self._thread:
                self._changed.wait()
            if self._closing:
                request.future.set_exception(_closed())
            else:
                self._append_bytes += request.size
                self._appends.append(request)
                if len(self._appends) == 1 and not self._others:
                    self._changed.notify_all()

    def _submit(self, request: _Ingest | _Remember | _Renew) -> None:
        with self._mutex:
            if self._closing:
                request.future.set_exception(_closed())
            else:
                self._others.append(request)
                if len(self._others) == 1 and (self._holding or not self._appends):
                    self._changed.notify_all()

    def _is_full(self) -> bool:
        # Runs by peers never wait here, in the event loop: how many there can be is bounded where they are asked for.
        return len(self._appends) >= MAX_WAITING or self._append_bytes >= MAX_WAITING_BYTES

    def _run(self) -> None:
        while group := self._next_group():
            self._write(group)

    def _next_group(self) -> _Group | None:
        """What the next commit takes; None when all is written and the writer closes."""
        with self._mutex:
            while not self._others and (self._holding or not self._appends):
                if self._closing:
                    return None
                self._changed.wait()
            group, room = _Group(), MAX_GROUP_BYTES
            while self._appends and room > 0 and not self._holding:
                append = self._appends.popleft()
                room -= append.size
                self._append_bytes -= append.size
                if append.future.set_running_or_notify_cancel():
                    group.appends.append(append)
            while self._others and room > 0:
                request = self._others.popleft()
                room -= request.size
                if not request.future.set_running_or_notify_cancel():
                    continue
                match request:
                    case _Ingest():
                        group.ingests.append(request)
                    case _Remember():
                        group.peers.append(request)
                    case _Renew():
                        group.renewals.append(request)
            group.size = MAX_GROUP_BYTES - room
            self._changed.notify_all()
            return group

    def _write(self, group: _Group) -> None:
        try:
            promised: dict[bytes, bytes] = {}
            group.verified = [[self._verify(run, promised) for run in one.runs] for one in group.ingests]
            try:
                self._commit(group)
            except DiskFullError as error:
                if not (group.appends and (group.ingests or group.peers)):
                    raise
                # What a person typed may still fit where a megabyte of history does not.
                _fail([*group.ingests, *group.peers], error)
                group = _Group(appends=group.appends, renewals=group.renewals)
                self._commit(group)
            for request in group.renewals:
                self._renew(request)
            self._env.wrote(group.size)
        except Exception as error:
            if not isinstance(error, StorageError):
                _LOG.critical("a commit failed", exc_info=True)  # critical: else it is kept only on request
            _fail(group.requests, error)

    def _verify(self, run: Run, promised: dict[bytes, bytes]) -> VerifiedRun | RefusedRun:
        self._give_way()
        return self._verifier.verify(run, promised)

    def _give_way(self) -> None:
        """Between two runs by peers: whoever has written something waits for them, and for nobody else."""
        if not self._appends:
            self._courtesy.give_way()

    def _commit(self, group: _Group) -> None:
        give_way = _go_on if group.appends else self._give_way

        def work(txn: Txn) -> Committed:
            batch = Batch(
                txn, self._env.tables, self._feeds, self._clock, self._wall(), effort=self._effort, give_way=give_way
            )
            said = [each for request in group.appends for each in request.said]
            if said:
                batch.append(self._own_num, self._identity, said)
            accounts = batch.accounts(self._quota, self._identity.public, self._is_pinned)
            for ingest, runs in zip(group.ingests, group.verified, strict=True):
                batch.ingest(runs, ingest.via, accounts)
            for request in group.peers:
                batch.remember(request.record)
            return batch.finish()

        committed = self._env.write(work)
        self._feeds.publish(committed.records)
        for request in group.peers:
            self._peers[request.record.key] = request.record
        self._answer_own(group, committed)
        if committed.advances:
            self._tell(committed.advances)
        self._answer_others(group, committed)

    def _renew(self, request: _Renew) -> None:
        own = self._feeds.of(self._own_num)
        renewing = Renewing(self._feeds, own, identity=self._identity, room=self._room, verifier=self._verifier)
        done = None
        if renewing.is_proof(request.runs):
            done = self._env.write(
                lambda txn: renewing.write(txn, self._env.tables, request.runs, self._clock, self._wall())
            )
        if done is None:
            request.future.set_result(None)
            return
        renewal, committed = done
        self._feeds.publish(committed.records)
        self._own_num = renewal.num
        self._renewed(renewal)
        request.future.set_result(renewal)
        self._tell(committed.advances)

    def _is_pinned(self, author: bytes) -> bool:
        peer = self._peers.get(author)
        return peer is not None and peer.pinned_at is not None

    def _answer_own(self, group: _Group, committed: Committed) -> None:
        if group.appends:
            feed = self._feeds.of(self._own_num)
            tail, arrival = feed.tail, committed.arrival
            index = 0
            for append in group.appends:
                if isinstance(append, _Append):
                    key, seq = PLACED_KEY.pack(committed.own_places[index], tail), committed.own_first + index
                    entry = committed.own[index]
                    append.future.set_result(
                        TimelineEntry(key, feed.id, seq, feed.author, feed.name, arrival, True, entry)
                    )
                else:
                    append.future.set_result(None)
                index += len(append.said)

    def _answer_others(self, group: _Group, committed: Committed) -> None:
        for ingest, report in zip(group.ingests, committed.reports, strict=True):
            ingest.future.set_result(report)
        for remember in group.peers:
            remember.future.set_result(None)

    def _tell(self, advances: Sequence[Advance]) -> None:
        for listener in self._listeners:
            try:
                listener(advances)
            except Exception:
                _LOG.critical("a listener failed", exc_info=True)


def _closed() -> StorageError:
    return StorageError("the database is closed: nothing more can be saved")


def _go_on() -> None:
    pass


def _fail(requests: Sequence[_Request], error: Exception) -> None:
    for request in requests:
        if not request.future.done():
            request.future.set_exception(error)
