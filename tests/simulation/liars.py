"""Nodes that do not keep to the protocol: each does one kind of harm, and behaves in between, or it would be sent away.

- braggart: claims what it does not have, answers late, nothing, too little; floods with wants.
- forger: answers with entries, hashes and signatures that are not their author's.
- meddler: keeps to the protocol, and edits and deletes what others wrote.
- splitter: writes two branches of its feed, and shows each to somebody else.
"""

from __future__ import annotations

from random import Random
from typing import Any

from msgspec.structs import replace

from app.entry import Run
from app.frontier import Advance, Head
from app.replication.events import Event, HeadsReceived, Want, WantReceived
from app.replication.exchange import Exchange
from app.replication.session import Session
from app.replication.store import Store


class Braggart(Exchange):
    def __init__(self, store: Store, own_feed: bytes, *, random: Random, **options: Any) -> None:
        super().__init__(store, own_feed, random=random, **options)
        self.lies = Random(random.random())
        self._disk = store
        self._named: dict[Session, bytes] = {}

    def open(self, session: Session, now: float) -> None:
        super().open(session, now)
        made_up = [(self.lies.randbytes(32), Head(1, 2**40, self.lies.randbytes(32))) for _ in range(5)]
        session.announce(made_up, True)

    def handle(self, session: Session, event: Event, now: float) -> None:
        match event:
            case HeadsReceived(heads) if heads and self.lies.random() < 0.5:
                self._named[session] = heads[0][0]
                super().handle(session, event, now)
                feed, head = self.lies.choice(heads)
                session.announce([(feed, replace(head, seq=head.seq + self.lies.choice((1, 1_000, 2**40))))], True)
            case WantReceived():
                self._answer(session, event, now)
            case _:
                super().handle(session, event, now)

    def _answer(self, session: Session, event: WantReceived, now: float) -> None:
        match self.lies.randrange(6):
            case 0:
                pass  # silence
            case 1:
                session.send_runs(event.id, [], True)
            case 2:
                session.send_runs(event.id, self._some_runs(event), False)  # and no end
            case 3 if session in self._named:
                session.want([Want(self._named[session], 1, 2**40)] * self.lies.choice((1, 300)))
            case _:
                super().handle(session, event, now)

    def _some_runs(self, event: WantReceived) -> list[Run]:
        return [run for want in event.ranges for run in self._disk.read_runs(want.feed, want.low, want.high, 1)[:1]]


class Forger(Braggart):
    def open(self, session: Session, now: float) -> None:
        Exchange.open(self, session, now)

    def handle(self, session: Session, event: Event, now: float) -> None:
        if isinstance(event, WantReceived):
            self._answer(session, event, now)
        else:
            Exchange.handle(self, session, event, now)

    def committed(self, advances: Any, now: float) -> None:
        """New own entries are pushed; now and then another feed's, or all anew."""
        super().committed(advances, now)
        for advance in advances:
            self._push(advance)

    def _push(self, advance: Advance) -> None:
        if self.lies.random() < 0.3:
            first = self.lies.choice((1, advance.first))
            runs = self._disk.read_runs(advance.feed, first, advance.head.seq, 1 << 18)
            for session in list(self._links):
                session.announce([(advance.feed, advance.head)], True)
                session.send_runs(0, [self._forge(run) if self.lies.random() < 0.3 else run for run in runs], True)

    def _answer(self, session: Session, event: WantReceived, now: float) -> None:
        runs = self._some_runs(event)
        match self.lies.randrange(6):
            case 0 | 1 if runs:
                session.send_runs(event.id, [self._forge(run) for run in runs], True)
            case 2 if runs:
                session.send_runs(0, runs, True)  # as if they were its own
            case _:
                Exchange.handle(self, session, event, now)

    def _forge(self, run: Run) -> Run:
        match self.lies.randrange(4):
            case 0:
                return replace(run, signature=self.lies.randbytes(64))
            case 1:
                return replace(run, entries=(*run.entries[:-1], self.lies.randbytes(20)))
            case 2:
                return replace(run, entries=(*run.entries, self.lies.randbytes(20)))
        return replace(run, before=self.lies.randbytes(32))


KINDS: dict[str, type[Exchange]] = {"braggart": Braggart, "forger": Forger, "meddler": Exchange, "splitter": Exchange}
