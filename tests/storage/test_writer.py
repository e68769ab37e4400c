"""What waits for the one writer, and what it commits together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest

from app.errors import LocalEntryError
from app.frontier import Advance
from app.storage import writer
from app.storage.log import Log
from app.timeline import LAST_KEY
from tests.feeds import TestAuthor

PATIENCE = 10.0  # seconds after which a test gives up


@contextmanager
def busy_writer(log: Log) -> Iterator[list[int]]:
    """The writer is held up until the end. Gives the number of entries of each commit that follows."""
    reached, go_on = threading.Event(), threading.Event()
    commits: list[int] = []

    def hold_up(advances: Sequence[Advance]) -> None:
        if reached.is_set():
            commits.append(sum(advance.head.seq - advance.first + 1 for advance in advances))
        reached.set()
        go_on.wait(PATIENCE)

    log.subscribe(hold_up)
    log.append("keeps the writer busy")
    assert reached.wait(PATIENCE)
    yield commits
    go_on.set()


def test_who_hands_over_runs_by_peers_never_waits(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_WAITING", 1)
    monkeypatch.setattr(writer, "MAX_WAITING_BYTES", 1)
    bob = TestAuthor("bob")
    bob.entries(["x"] * 9)
    with busy_writer(log):
        ingests = [log.ingest([run]) for run in bob.runs(max_bytes=100)]
    assert sum(len(ingest.result(PATIENCE).advances) for ingest in ingests) == len(ingests) > 1


def test_a_commit_of_tiny_entries_is_bounded_too(log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "MAX_GROUP_BYTES", 30 * writer.ENTRY_COST)
    bob = TestAuthor("bob")
    bob.entries([""] * 99, step=1)
    with busy_writer(log) as commits:
        ingests = [log.ingest([bob.run(first, first + 24)]) for first in range(1, 100, 25)]
    for ingest in ingests:
        ingest.result(PATIENCE)
    assert max(commits) == 25


def test_messages_that_are_there_at_once_are_each_an_entry_in_order_and_in_one_commit(log: Log) -> None:
    with busy_writer(log) as commits:
        saved = log.append_all(["one", "two", "three"])
        four = log.append("four")
    assert saved.result(PATIENCE) is None
    assert four.result(PATIENCE).seq == 6  # after the genesis, and what kept the writer busy
    assert commits == [4]
    assert [entry.text for entry in log.before(LAST_KEY, 4)] == ["one", "two", "three", "four"]


def test_none_of_those_that_are_there_at_once_is_saved_if_one_cannot_be(log: Log) -> None:
    with pytest.raises(LocalEntryError, match="empty"):
        log.append_all(["one", " "])
    log.append_all([]).result(PATIENCE)
    assert log.count() == 0
