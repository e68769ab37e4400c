"""A log with two branches is told once: as an alarm if it is proved, calmly if it is healed or nobody shows it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.errors import UsageError
from app.fork_words import fork_lines, fork_rows
from app.forks import Forks
from app.peers import PeerRecord
from app.people import People
from app.status import Notice
from app.storage.log import Log
from tests.feeds import TestAuthor
from tests.storage.rooms import RoomOfAlice
from tests.storage.test_proofs import CAROL, heal, ingest, two_faced

BOB = TestAuthor("bob").identity.public


class Told:
    """A log of alice's, in which mallory is forked, and what is told of that."""

    def __init__(self, room: RoomOfAlice) -> None:
        self.room = room
        self.log = room.open()
        self.here, self.there = two_faced()
        ingest(self.log, self.here.run(), via=BOB)
        self.log.remember_peer(PeerRecord(self.here.identity.public, "mallory", 1)).result()
        self.log.remember_peer(PeerRecord(CAROL, "carol", 1)).result()
        self.notices: asyncio.Queue[Notice] = asyncio.Queue()

    def people(self) -> People:
        return People(self.log.author, "alice", records=self.log.peers, authors=self.log.authors)

    def forks(self, log: Log | None = None, *, grace: float = 0) -> Forks:
        return Forks(log or self.log, self.people(), lambda name: f"/forks {name}", self.notices.put_nowait, grace)

    def prove(self) -> None:
        assert ingest(self.log, self.there.run()).proved == [self.here.feed]


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    room = RoomOfAlice(tmp_path)
    yield Told(room)
    room.close()


async def test_who_is_proved_to_say_two_things_is_an_alarm_that_names_how_to_read_both(told: Told) -> None:
    forks = told.forks()
    forks.found(told.here.feed, "carol")
    told.prove()
    forks.proved(told.here.feed)
    notice = await told.notices.get()
    assert notice.urgent
    assert notice.text.startswith("mallory signed two different messages with one number")
    assert notice.text.endswith("Both texts: /forks mallory")


async def test_a_proof_that_came_in_a_file_is_the_same_alarm(told: Told) -> None:
    proved = told.forks().from_any_thread()

    def take_in() -> None:
        told.prove()
        proved(told.here.feed)

    await asyncio.to_thread(take_in)
    assert (await told.notices.get()).urgent


async def test_it_is_told_once_whoever_holds_the_other(told: Told) -> None:
    told.prove()
    forks = told.forks()
    forks.proved(told.here.feed)
    for holder in ("carol", "dave"):
        forks.found(told.here.feed, holder)
    assert (await told.notices.get()).urgent
    forks.proved(told.here.feed)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert told.notices.empty()


async def test_a_claim_without_a_proof_accuses_nobody(told: Told) -> None:
    told.forks().found(told.here.feed, "carol")
    notice = await told.notices.get()
    assert not notice.urgent
    assert "carol says to hold other messages in a log of mallory than this computer, and has not shown" in notice.text


async def test_a_proof_that_comes_later_is_an_alarm_all_the_same(told: Told) -> None:
    forks = told.forks()
    forks.found(told.here.feed, "carol")
    assert not (await told.notices.get()).urgent
    told.prove()
    forks.proved(told.here.feed)
    assert (await told.notices.get()).urgent


async def test_what_was_proved_in_an_earlier_run_is_told_without_alarm(told: Told) -> None:
    told.prove()
    told.room.close()
    told.log = told.room.open()
    told.forks().found(told.here.feed, "carol")
    notice = await told.notices.get()
    assert not notice.urgent
    assert notice.text.endswith("/forks mallory")


async def test_who_goes_on_in_a_new_log_is_told_of_calmly_and_both_texts_can_be_read(told: Told) -> None:
    forks = told.forks()
    told.prove()
    forks.proved(told.here.feed)
    ingest(told.log, heal(told.here, told.there, honestly=True))  # a moment later
    notice = await told.notices.get()
    assert not notice.urgent
    assert "mallory goes on in a new log, with what is not here yet" in notice.text
    assert notice.text.endswith("Both texts: /forks mallory")
    shown = "\n".join(fork_lines(told.log.forks(), told.people(), "mallory"))
    assert "to alice" in shown
    assert "to carol" in shown


async def test_who_leaves_something_out_of_the_new_log_is_told(told: Told) -> None:
    forks = told.forks()
    told.prove()
    forks.proved(told.here.feed)
    ingest(told.log, heal(told.here, told.there, honestly=False))
    notice = await told.notices.get()
    assert "not all that was said twice is in it. Both texts: /forks mallory" in notice.text
    assert any("the second text is not in what is here" in line for line in fork_lines(told.log.forks(), told.people()))


async def test_nothing_is_told_after_the_end(told: Told) -> None:
    ended, other = told.forks(), told.forks()
    ended.found(told.here.feed, "bob")
    ended.end()
    other.found(told.here.feed, "carol")
    assert (await told.notices.get()).text.startswith("carol")
    assert told.notices.empty()


def test_the_rows_say_who_signed_what_where_it_is_who_brought_it_and_what_to_do(told: Told) -> None:
    told.prove()
    rows = dict(fork_rows(told.log.forks(), told.people(), "mallory"))
    assert rows["mallory"].startswith("signed two different entries 3 of one log with the key ")
    assert rows["here"].endswith("  to alice")
    assert rows["elsewhere"].endswith("  to carol")
    assert rows["came"].endswith(", through carol")
    assert "says one thing here and another there" in rows["means"]
    assert "/refuse mallory" in rows["do"]


def test_of_whom_nothing_is_known_nothing_is_said(told: Told) -> None:
    assert fork_lines([], told.people()) == ["nobody said anything in two ways, as far as this computer knows"]
    told.prove()
    with pytest.raises(UsageError, match="nobody who wrote something here is called dave"):
        fork_rows(told.log.forks(), told.people(), "dave")
    assert fork_lines([], told.people(), "mallory")[0].startswith("mallory said nothing in two ways")


def test_what_others_say_acts_on_no_terminal_and_fills_no_screen(tmp_path: Path) -> None:
    room = RoomOfAlice(tmp_path)
    log = room.open()
    here, there = two_faced(["\x1b]0;owned\x07\u202eright\n\nleft"] + ["more"] * 50, ["x" * 16_000])
    ingest(log, here.run(), there.run())
    people = People(log.author, "alice", records=log.peers, authors=log.authors)
    rows = fork_rows(log.forks(), people)
    assert all(said.isprintable() for _, said in rows)
    assert max(len(said) for _, said in rows) < 2_100
    assert len(rows) < 15
    room.close()
