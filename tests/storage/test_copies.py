"""Entries that were written once more: of what one author copied several times one is shown."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import lmdb

from app.entry import KIND_COPY, KIND_TEXT, encode_entry, entry_digest
from app.peers import PeerRecord, Standing
from app.storage import schema
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, texts, whole_timeline

LOST = TestAuthor("bob", feed_number=9)  # a log of bob that is not here
LOST.entries(["once", "twice"])


def healed(number: int, *, start: int, author: str = "bob") -> TestAuthor:
    """A log in which both messages of the lost one are written once more."""
    log = TestAuthor(author, start=start, feed_number=number)
    for seq in (2, 3):
        log.write(KIND_COPY, [LOST.feed, seq, LOST.stored[seq - 1]], seen=[LOST.digest(seq)])
    return log


def test_of_several_copies_the_earliest_is_shown_whatever_came_first(room: RoomOfAlice, tmp_path: Path) -> None:
    logs = [healed(number, start=START + number * SECOND) for number in (3, 1, 2)]
    shown = []
    for number, order in enumerate(permutations(logs)):
        reader = RoomOfAlice(tmp_path / f"{number}", wall=room.wall)
        log = reader.open()
        log.ingest([run for author in order for run in author.runs()]).result()
        shown.append([(entry.feed, entry.text) for entry in whole_timeline(log)])
        assert log.count() == 2
        log.ingest(LOST.runs()).result()
        assert [(entry.feed, entry.text) for entry in whole_timeline(log)] == [
            (LOST.feed, "once"),
            (LOST.feed, "twice"),
        ]
        reader.assert_sound()
    assert shown == [[(logs[1].feed, "once"), (logs[1].feed, "twice")]] * 6


def test_who_copies_something_twice_in_one_log_is_read_once(room: RoomOfAlice) -> None:
    log = room.open()
    bob = healed(1, start=START)
    bob.write(KIND_COPY, [LOST.feed, 2, LOST.stored[1]], seen=[LOST.digest(2)], time=START - SECOND)
    bob.write(KIND_COPY, [LOST.feed, 3, LOST.stored[2]], seen=[LOST.digest(3)])
    log.ingest(bob.runs()).result()
    assert sorted(text or "" for text in texts(log)) == ["once", "twice"]
    room.assert_sound()


def test_nobody_hides_what_somebody_else_copied(room: RoomOfAlice) -> None:
    log = room.open()
    log.ingest([*healed(1, start=START, author="mallory").runs(), *healed(1, start=START + SECOND).runs()]).result()
    assert [(entry.name, entry.text) for entry in whole_timeline(log)].count(("bob", "once")) == 1
    assert log.count() == 4
    room.assert_sound()


def test_one_copy_is_shown_when_its_author_is_refused_and_accepted_again(room: RoomOfAlice) -> None:
    log = room.open()
    log.ingest([*healed(2, start=START + SECOND).runs(), *healed(1, start=START).runs()]).result()
    for standing, count in ((Standing.REFUSED, 0), (Standing.ACCEPTED, 2)):
        bob = PeerRecord(LOST.identity.public, "bob", START, {}, standing, START)
        log.remember_peer(bob).result()
        assert log.count() == count
    room.assert_sound()


def test_a_database_that_showed_several_copies_is_brought_up_to_date(room: RoomOfAlice) -> None:
    log = room.open()
    first, second = healed(1, start=START), healed(2, start=START + SECOND)
    log.ingest([*first.runs(), *second.runs()]).result()
    room.close()
    path = str(room.folder / "log.mdb")
    with lmdb.Environment(path, subdir=False, max_dbs=20, lock=False) as env, env.begin(write=True) as txn:
        txn.drop(env.open_db(schema.COPIES, txn))
        txn.put(schema.META_SCHEMA, schema.U32.pack(2), db=env.open_db(schema.META, txn))
        hidden, timeline = env.open_db(schema.HIDDEN, txn), env.open_db(schema.TIMELINE, txn)
        for key, value in list(txn.cursor(hidden)):
            if int.from_bytes(value[:8]) > 1:  # no genesis
                txn.put(key, value, db=timeline)
                txn.delete(key, db=hidden)
    log = room.open()
    assert texts(log) == ["once", "twice"]
    assert {entry.feed for entry in whole_timeline(log)} == {first.feed}
    room.assert_sound()


def test_a_copy_of_what_comes_in_the_same_run_is_hidden(room: RoomOfAlice) -> None:
    log = room.open()
    bob = TestAuthor("bob")
    data = encode_entry(START + SECOND, (), KIND_TEXT, "said")
    bob.write(KIND_COPY, [bob.feed, 3, data], seen=[entry_digest(bob.feed, 3, START + SECOND, data)], time=START)
    bob.add(data)
    log.ingest(bob.runs()).result()
    assert [entry.text for entry in whole_timeline(log)] == ["said"]
    room.assert_sound()
