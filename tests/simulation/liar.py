"""A node that claims what it does not have, answers with nothing, too little or garbage, and floods with wants."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from app.entry import Run
from app.frontier import Head
from app.replication.events import Event, HeadsReceived, Want, WantReceived
from app.replication.exchange import Exchange
from app.replication.session import Session
from app.replication.store import Store


class LiarExchange(Exchange):
    """Behaves for a while in between, or it would only be sent away."""

    def __init__(self, store: Store, own_feed: bytes, *, random: Random) -> None:
        super().__init__(store, own_feed, random=random)
        self._lies = random
        self._disk = store
        self._named: dict[Session, bytes] = {}

    def open(self, session: Session, now: float) -> None:
        super().open(session, now)
        made_up = [(self._lies.randbytes(32), Head(1, 2**40, self._lies.randbytes(32))) for _ in range(5)]
        session.announce(made_up, True)

    def handle(self, session: Session, event: Event, now: float) -> None:
        if isinstance(event, HeadsReceived) and event.heads:
            self._named[session] = event.heads[0][0]
        match event:
            case WantReceived():
                self._answer(session, event, now)
            case HeadsReceived(heads) if heads and self._lies.random() < 0.5:
                super().handle(session, event, now)
                feed, head = self._lies.choice(heads)
                session.announce([(feed, replace(head, seq=head.seq + self._lies.choice((1, 1_000, 2**40))))], True)
            case _:
                super().handle(session, event, now)

    def _answer(self, session: Session, event: WantReceived, now: float) -> None:
        runs = [run for want in event.ranges for run in self._disk.read_runs(want.feed, want.low, want.high, 1)[:1]]
        match self._lies.randrange(8):
            case 0:
                pass  # silence
            case 1:
                session.send_runs(event.id, [], True)
            case 2:
                session.send_runs(event.id, runs, False)  # and no end
            case 3 if runs:
                session.send_runs(event.id, [self._forge(run) for run in runs], True)
            case 4 if runs:
                session.send_runs(0, runs, True)  # as if they were its own
            case 5 if session in self._named:
                session.want([Want(self._named[session], 1, 2**40)] * self._lies.choice((1, 300)))
            case _:
                super().handle(session, event, now)

    def _forge(self, run: Run) -> Run:
        match self._lies.randrange(3):
            case 0:
                return replace(run, signature=self._lies.randbytes(64))
            case 1:
                return replace(run, entries=(*run.entries[:-1], self._lies.randbytes(20)))
        return replace(run, before=self._lies.randbytes(32))
