"""The simulation finds what it is there to find: each of these faults, put in on purpose, does not pass."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from app.entry import Run, fold_chain
from app.frontier import Advance, Head
from app.ingest import IngestReport
from app.replication.announcer import Announcer
from app.replication.exchange import Exchange
from app.replication.intake import IngestRequest, Intake
from app.replication.puller import Puller
from tests.replication.memory_store import MemoryStore
from tests.simulation.network import SimulationError
from tests.simulation.scenario import Scenario

SEEDS = range(12)


def tell_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries of others are never announced: nothing is relayed."""
    monkeypatch.setattr(Announcer, "tell", lambda *arguments, **options: None)


def forget_requests_of_lost_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked of a peer that is gone is waited for, for ever."""
    monkeypatch.setattr(Puller, "_release", lambda *arguments: None)


def give_up_when_the_disk_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the store could not write is never tried again."""
    monkeypatch.setattr(Intake, "tick", lambda *arguments: None)


def acknowledge_before_the_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs count as durable when they are handed to the store."""
    take = Exchange.take_ingests

    def take_and_acknowledge(exchange: Exchange) -> list[IngestRequest]:
        requests = take(exchange)
        for run in (run for request in requests for run in request.runs):
            head = Head(1, run.last, fold_chain(run.before, run.entries))
            exchange.committed([Advance(run.feed, run.first, head)], 0.0)
        return requests

    monkeypatch.setattr(Exchange, "take_ingests", take_and_acknowledge)


def skip_an_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store makes something durable whose predecessor is missing."""
    ingest = MemoryStore.ingest

    def ingest_with_a_gap(store: MemoryStore, runs: Sequence[Run]) -> IngestReport:
        report = ingest(store, runs)
        return replace(report, advances=[replace(a, first=a.first + 1) for a in report.advances])

    monkeypatch.setattr(MemoryStore, "ingest", ingest_with_a_gap)


@pytest.mark.parametrize(
    "break_it",
    [
        tell_nobody,
        forget_requests_of_lost_sessions,
        give_up_when_the_disk_is_full,
        acknowledge_before_the_commit,
        skip_an_entry,
    ],
)
def test_a_fault_is_found(break_it: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch)

    with pytest.raises(SimulationError):
        run_all_seeds()


def run_all_seeds() -> None:
    for seed in SEEDS:
        Scenario(seed).run()
