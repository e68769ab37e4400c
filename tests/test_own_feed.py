"""A database that was rolled back, with real nodes: what was lost comes back, and no message is lost to anybody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.own_feed import MAX_HOLDS, OwnFeed
from app.storage.check import check
from app.storage.folder import DATA_FILE
from app.timeline import FIRST_KEY
from tests.persons import Person
from tests.storage.rooms import RoomOfAlice


@pytest.fixture
def people(tmp_path: Path) -> Callable[[str], Person]:
    def make(name: str) -> Person:
        folder = tmp_path / name
        folder.mkdir(mode=0o700)
        return Person(name + tmp_path.name[-6:].translate(str.maketrans("", "", "_")), folder)

    return make


@contextmanager
def rolled_back(person: Person) -> Iterator[None]:
    """At the end the person's disk is as it was at the beginning."""
    path = person.folder / DATA_FILE
    before = path.read_bytes()
    yield
    path.write_bytes(before)


def shown(person: Person) -> list[str]:
    return [entry.text or "" for entry in person.node.log.after(FIRST_KEY, 200)]


async def meet(alice: Person, bob: Person, text: str) -> None:
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.says(text)
        await bob.until(lambda: text in shown(bob))
        await alice.until(lambda: alice.node.holders() == {bob.name})


async def test_who_claims_more_than_they_serve_keeps_nobody_from_writing_for_long(tmp_path: Path) -> None:
    room = RoomOfAlice(tmp_path)
    log = room.open()
    own = OwnFeed(log, lambda _: None, hold_seconds=0.001)
    for number in range(MAX_HOLDS):
        own.missing(5)
        await asyncio.wrap_future(log.append(f"after a moment {number}"))
        own.missing(0)
    own = OwnFeed(log, lambda _: None, hold_seconds=3600)
    for _ in range(MAX_HOLDS):
        own.missing(5)
        own.missing(0)
    own.missing(5)
    await asyncio.wrap_future(log.append("at once"))
    own.end()
    room.close()


async def test_what_was_lost_by_a_rollback_comes_back_and_the_feed_goes_on(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    await meet(alice, bob, "one")
    with rolled_back(alice):
        await meet(alice, bob, "two")
        await meet(alice, bob, "three")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        feed = alice.node.log.own_feed
        await alice.until(lambda: "2 of your messages were missing here" in alice.notices())
        await alice.says("four")
        await bob.until(lambda: shown(bob) == ["one", "two", "three", "four"])
        assert shown(alice) == ["one", "two", "three", "four"]
        assert alice.node.log.own_feed == feed
    for person in (alice, bob):
        assert check(person.folder).found == []


async def test_what_was_written_after_a_rollback_and_what_was_lost_are_both_there(
    people: Callable[[str], Person],
) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    await meet(alice, bob, "one")
    with rolled_back(alice):
        await meet(alice, bob, "two")
        await meet(alice, bob, "three")
    await meet(alice, carol, "here")
    everything = ["here", "one", "three", "two"]
    async with alice.chatting(bob.name, carol.name), bob.chatting(alice.name, carol.name):
        feed = alice.node.log.own_feed
        await alice.until(lambda: "holds 2 messages of yours that were not here" in alice.notices())
        assert alice.node.log.own_feed != feed
        await alice.until(lambda: bob.name in alice.node.holders())
        await bob.until(lambda: sorted(shown(bob)) == everything)
        assert sorted(shown(alice)) == everything
        async with carol.chatting(alice.name, bob.name):
            await carol.until(lambda: sorted(shown(carol)) == everything)
            await alice.says("and on")
            await bob.until(lambda: "and on" in shown(bob))
            await carol.until(lambda: "and on" in shown(carol))
    for person in (alice, bob, carol):
        assert check(person.folder).found == []


async def test_a_restored_database_goes_on_in_a_new_feed_and_gets_its_own_words_back(
    people: Callable[[str], Person], tmp_path: Path
) -> None:
    alice, bob = people("alice"), people("bob")
    await meet(alice, bob, "one")
    (tmp_path / "backup").write_bytes((alice.folder / DATA_FILE).read_bytes())
    await meet(alice, bob, "two")
    (tmp_path / "backup").rename(alice.folder / DATA_FILE)
    async with alice.chatting(bob.name):
        await alice.says("before anybody is there")
        async with bob.chatting(alice.name):
            await alice.until(lambda: sorted(shown(alice)) == ["before anybody is there", "one", "two"])
            await bob.until(lambda: sorted(shown(bob)) == ["before anybody is there", "one", "two"])
        assert "this database was copied or restored" in alice.notices()
    for person in (alice, bob):
        assert check(person.folder).found == []
