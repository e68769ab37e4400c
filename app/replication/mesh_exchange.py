"""What the exchange asks for, done: its ingests awaited, its output flushed, its timer kept, its events passed on.

What the store cannot read is told to the person once. The session that needed it ends, the others go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from app.entry import Run
from app.errors import StorageError
from app.frontier import Advance
from app.ingest import IngestReport
from app.replication.events import Event
from app.replication.exchange import Exchange, ExchangeEvent, IngestRequest
from app.replication.frames import ByeReason
from app.replication.session import Session

# Hands runs to the store at once; bytes: the key of who brought them. A future, and not a coroutine: an entry that is
# pushed would wait for a turn of the loop more.
Ingest = Callable[[Sequence[Run], bytes], "asyncio.Future[IngestReport | None]"]

_LOG = logging.getLogger(__name__)


class ExchangeDriver:
    """To be used in the event loop only. How many ingests run at once is bounded by what the exchange asks for."""

    def __init__(
        self,
        exchange: Exchange,
        tasks: asyncio.TaskGroup,
        *,
        ingest: Ingest,
        on_output: Callable[[Session], None],
        on_event: Callable[[ExchangeEvent], None],
        on_store_error: Callable[[StorageError], None],
    ) -> None:
        self._exchange = exchange
        self._tasks = tasks
        self._ingest = ingest
        self._on_output = on_output
        self._on_event = on_event
        self._on_store_error = on_store_error
        self._store_error = ""
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._driving = False
        self._stopped = False

    def open(self, session: Session) -> None:
        with self._reading_for(session):
            self._exchange.open(session, self._loop.time())
        self._drive()

    def close(self, session: Session) -> None:
        self._exchange.close(session, self._loop.time())
        self._drive()

    def handle(self, session: Session, event: Event) -> None:
        with self._reading_for(session):
            self._exchange.handle(session, event, self._loop.time())
        self._drive()

    def writable(self, session: Session) -> None:
        with self._reading_for(session):
            self._exchange.writable(session, self._loop.time())
        self._drive()

    def committed(self, advances: Sequence[Advance]) -> None:
        with self._reading_for(None):
            self._exchange.committed(advances, self._loop.time())
        self._drive()

    def reconsider(self) -> None:
        """The node's mind about authors has changed."""
        with self._reading_for(None):
            self._exchange.reconsider(self._loop.time())
        self._drive()

    def stop(self) -> None:
        """For good: the sessions have said goodbye."""
        self._stopped = True
        self._cancel_timer()

    def _drive(self) -> None:
        # Already driving: a session ended while its output was flushed, and the loop below sees to the rest.
        if self._stopped or self._driving:
            return
        self._driving = True
        try:
            busy = True
            while busy:
                requests = self._exchange.take_ingests()
                sessions = self._exchange.take_dirty()
                events = self._exchange.take_events()
                for request in requests:
                    remote = request.session.remote
                    saving = self._ingest(request.runs, remote.key if remote else b"")
                    self._tasks.create_task(self._serve(request, saving))
                for event in events:
                    self._on_event(event)
                for session in sessions:
                    self._on_output(session)
                busy = bool(requests or sessions or events)
        finally:
            self._driving = False
        self._set_timer()

    async def _serve(self, request: IngestRequest, saving: asyncio.Future[IngestReport | None]) -> None:
        report = await saving
        remote = request.session.remote
        for refused in report.refused if report else ():
            _LOG.warning("feed %s by %s: %s", refused.run.feed.hex(), remote and remote.name, refused.detail)
        with self._reading_for(request.session):
            self._exchange.ingested(request.ticket, report, self._loop.time())
        self._drive()

    def _set_timer(self) -> None:
        self._cancel_timer()
        deadline = None if self._stopped else self._exchange.deadline()
        if deadline is not None:
            self._timer = self._loop.call_at(deadline, self._tick)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _tick(self) -> None:
        self._timer = None
        with self._reading_for(None):
            self._exchange.tick(self._loop.time())
        self._drive()

    @contextmanager
    def _reading_for(self, session: Session | None) -> Iterator[None]:
        try:
            yield
        except StorageError as error:
            if str(error) != self._store_error:
                self._store_error = str(error)
                self._on_store_error(error)
            if session is not None:
                self._exchange.close(session, self._loop.time())
                session.goodbye(ByeReason.BUSY, "it cannot read its database")
                self._on_output(session)
