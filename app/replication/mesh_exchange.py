"""What the exchange asks for, done: its ingests awaited, its output flushed, its timer kept, its events passed on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from app.entry import Run
from app.frontier import Advance
from app.ingest import IngestReport
from app.replication.events import Event
from app.replication.exchange import Exchange, ExchangeEvent, IngestRequest
from app.replication.session import Session

Ingest = Callable[[Sequence[Run], bytes], Awaitable[IngestReport | None]]  # bytes: the key of who brought them

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
    ) -> None:
        self._exchange = exchange
        self._tasks = tasks
        self._ingest = ingest
        self._on_output = on_output
        self._on_event = on_event
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._driving = False
        self._stopped = False

    def open(self, session: Session) -> None:
        self._exchange.open(session, self._loop.time())
        self._drive()

    def close(self, session: Session) -> None:
        self._exchange.close(session, self._loop.time())
        self._drive()

    def handle(self, session: Session, event: Event) -> None:
        self._exchange.handle(session, event, self._loop.time())
        self._drive()

    def writable(self, session: Session) -> None:
        self._exchange.writable(session, self._loop.time())
        self._drive()

    def committed(self, advances: Sequence[Advance]) -> None:
        self._exchange.committed(advances, self._loop.time())
        self._drive()

    def stop(self) -> None:
        """For good: the sessions have said goodbye."""
        self._stopped = True
        self._cancel_timer()

    def _drive(self) -> None:
        if (
            self._stopped or self._driving
        ):  # a session that ended while its output was flushed: the loop below sees to the rest
            return
        self._driving = True
        try:
            busy = True
            while busy:
                requests = self._exchange.take_ingests()
                sessions = self._exchange.take_dirty()
                events = self._exchange.take_events()
                for request in requests:
                    self._tasks.create_task(self._serve(request))
                for event in events:
                    self._on_event(event)
                for session in sessions:
                    self._on_output(session)
                busy = bool(requests or sessions or events)
        finally:
            self._driving = False
        self._set_timer()

    async def _serve(self, request: IngestRequest) -> None:
        remote = request.session.remote
        report = await self._ingest(request.runs, remote.key if remote else b"")
        for refused in report.refused if report else ():
            _LOG.warning("feed %s by %s: %s", refused.run.feed.hex(), remote and remote.name, refused.detail)
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
        self._exchange.tick(self._loop.time())
        self._drive()
