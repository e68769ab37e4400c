"""What one peer may bring by people whom nobody here has met."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.entry import Run
from app.ingest import Refusal
from app.peers import PeerRecord
from app.storage.log import Log
from app.storage.quota import Quota
from tests.feeds import TestAuthor
from tests.storage.rooms import RoomOfAlice

MALLORY, BOB = b"m" * 32, b"b" * 32


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    room = RoomOfAlice(tmp_path / "room", quota=Quota(feeds=3, size=3_000))
    yield room.open()
    room.close()


def bring(log: Log, via: bytes, *runs: Run) -> list[Refusal]:
    return [refused.refusal for refused in log.ingest(runs, via).result().refused]


def author(name: str, texts: int = 1, feed_number: int = 0) -> TestAuthor:
    made = TestAuthor(name, feed_number=feed_number)
    made.entries(["x" * 50] * texts)
    return made


def test_feeds_of_strangers_count_against_who_brings_them(log: Log) -> None:
    strangers = [author(f"s{n}") for n in range(5)]
    assert bring(log, MALLORY, *(stranger.run() for stranger in strangers)) == [Refusal.QUOTA] * 2
    assert len(log.frontier()) == 1 + 3
    assert bring(log, BOB, strangers[4].run()) == []


def test_bytes_of_strangers_count_against_who_brought_their_feed(log: Log) -> None:
    stranger = author("s", texts=12)
    assert bring(log, MALLORY, stranger.run(1, 12), stranger.run(13)) == [Refusal.QUOTA]
    assert bring(log, BOB, stranger.run(13)) == [Refusal.QUOTA]
    assert bring(log, BOB, author("other").run()) == []
    head = log.head(stranger.feed)
    assert head is not None
    assert head.seq == 12


def test_the_feeds_of_a_pinned_author_count_against_that_author_and_their_bytes_against_nobody(log: Log) -> None:
    carol = author("carol", texts=40)
    log.remember_peer(PeerRecord(carol.identity.public, "carol", 1)).result()
    assert bring(log, MALLORY, carol.run(1, 20), carol.run(21)) == []
    assert bring(log, MALLORY, *(author(f"s{n}").run() for n in range(3))) == []
    assert bring(log, BOB, *(author("carol", feed_number=n).run() for n in range(1, 5))) == [Refusal.QUOTA] * 2


def test_a_new_start_begins_no_new_account(tmp_path: Path) -> None:
    room = RoomOfAlice(tmp_path / "room", quota=Quota(feeds=2, size=1_000_000))
    assert bring(room.open(), MALLORY, author("s1").run(), author("s2").run()) == []
    room.close()
    assert bring(room.open(), MALLORY, author("s3").run()) == [Refusal.QUOTA]
    room.close()


def test_own_devices_count_against_nobody(tmp_path: Path) -> None:
    room = RoomOfAlice(tmp_path / "room", quota=Quota(feeds=0, size=0))
    log = room.open()
    other = TestAuthor("alice", feed_number=7)
    assert other.identity.public == log.author
    assert bring(log, log.author, other.run()) == []
    room.close()
