"""What a peer has cost counts by its key, also when it comes again: too much is answered late or ends it."""

from __future__ import annotations

from app.replication import frames
from app.replication.accounts import (
    MAX_ACCOUNTS,
    PATIENCE_BURST,
    WHOLE_COPIES,
    WORK_BURST,
    WORK_PER_SECOND,
    Accounts,
)
from app.replication.events import RunsReceived, Want
from app.replication.exchange import Misbehaved
from app.replication.serving import RANGE_WORK
from app.replication.session import Session
from tests.replication.pairs import Bench

ENTRIES = 300


class Asker:
    """A peer that asks whenever it was answered, in as many sessions as it likes."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.answered = 0
        self.come()

    def come(self) -> None:
        self.session: Session = self.bench.peer("mallory")
        self.bench.hear(self.session)
        self.asked = 0

    def ask(self, low: int, high: int, times: int = 1) -> bool:
        """Whether the answer came at once."""
        self.asked = self.session.want([Want(self.bench.store.own_feed, low, high)] * times)
        return self.hear()

    def hear(self) -> bool:
        while events := self.bench.hear(self.session):
            if any(isinstance(event, RunsReceived) and event.id == self.asked and event.end for event in events):
                self.answered += 1
                return True
        return False

    def ask_until_late(self) -> int:
        """How often it was answered at once before it was not."""
        before = self.answered
        while self.ask(ENTRIES, ENTRIES, 64):
            assert self.answered - before < 1_000
        return self.answered - before


def test_who_asks_again_and_again_for_what_is_dear_is_answered_late_and_not_sent_away() -> None:
    bench = Bench(entries=ENTRIES)
    asker = Asker(bench)
    at_once = asker.ask_until_late()
    assert (at_once - 1) * 64 * RANGE_WORK <= WORK_BURST
    bench.wait(64 * RANGE_WORK / WORK_PER_SECOND)
    assert asker.hear()
    before, began = asker.answered, bench.now
    while bench.now < began + 60.0:
        asker.ask(ENTRIES, ENTRIES, 64)
        bench.wait(1.0)
        asker.hear()
    assert asker.answered - before <= 1 + 60 * WORK_PER_SECOND / (64 * RANGE_WORK)
    assert not [event for event in bench.events if isinstance(event, Misbehaved)]


def test_coming_again_buys_no_more_answers() -> None:
    bench = Bench(entries=ENTRIES)
    asker = Asker(bench)
    assert asker.ask_until_late() > 10
    bench.exchange.close(bench.near(asker.session), bench.now)
    asker.come()
    assert asker.ask_until_late() == 0


def test_coming_again_buys_no_more_patience() -> None:
    bench = Bench(entries=3)
    ping = frames.encode(frames.Ping(1)) * 10_000
    for _ in range(1 + PATIENCE_BURST // 50_000):
        session = bench.near(bench.peer("mallory"))
        for _ in range(5):
            session.receive(ping, bench.now)
        bench.exchange.close(session, bench.now)
    bench.peer("mallory")
    (misbehaved,) = [event for event in bench.exchange.take_events() if isinstance(event, Misbehaved)]
    assert "far more frames" in misbehaved.text


def test_everything_is_sent_a_few_times_before_it_counts() -> None:
    account = Accounts().of(b"bob", 0.0)
    for _ in range(WHOLE_COPIES):
        account.pay_for_entries(ENTRIES, 100 * ENTRIES, ENTRIES, 0.0)
    assert account.work.left(0.0) == WORK_BURST
    account.pay_for_entries(ENTRIES, 100 * ENTRIES, ENTRIES, 0.0)
    assert account.work.left(0.0) < WORK_BURST


def test_accounts_are_bounded_and_the_one_not_seen_for_longest_goes() -> None:
    accounts = Accounts()
    made = [accounts.of(str(number).encode(), 0.0) for number in range(MAX_ACCOUNTS)]
    assert accounts.of(b"0", 0.0) is made[0]
    accounts.of(b"another", 0.0)
    assert len(accounts) == MAX_ACCOUNTS
    assert accounts.of(b"0", 0.0) is made[0]
    assert accounts.of(b"1", 0.0) is not made[1]


def test_what_is_owed_is_paid_by_waiting() -> None:
    account = Accounts().of(b"mallory", 10.0)
    account.work.pay(WORK_BURST + 32_768, 10.0)
    assert account.work.owes(10.0)
    assert account.work.paid_at(10.0) == 10.0 + 32_768 / WORK_PER_SECOND
    assert not account.work.owes(account.work.paid_at(10.0))
