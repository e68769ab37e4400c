"""Edits, deletions, reactions and replies: what a reader sees is the same whatever arrived first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.amendments import Amended, Deletion, Edit, Reaction
from app.entry import KIND_REPLY, Reference, encode_reference
from app.errors import LocalEntryError
from app.storage import amendments, schema
from app.storage.log import Log
from app.timeline import Change, TimelineEntry
from tests.feeds import START, TestAuthor
from tests.storage.rooms import RoomOfAlice, texts, whole_timeline

BOB, CAROL = (TestAuthor(name).identity.public for name in ("bob", "carol"))


def take(log: Log, *authors: TestAuthor) -> None:
    for author in authors:
        assert not log.ingest(author.runs()).result().refused


def only(log: Log, text: str) -> TimelineEntry:
    """The entry that was written as `text`."""
    (found,) = [entry for entry in whole_timeline(log) if entry.entry.text == text]
    return found


def test_the_latest_edit_by_the_author_counts(room: RoomOfAlice) -> None:
    bob = TestAuthor("bob")
    bob.entries(["helo", "bye"])
    bob.amend(Edit(bob.reference(2), "hallo"))
    bob.amend(Edit(bob.reference(2), "hello"))
    log = room.open()
    take(log, bob)
    entry = only(log, "helo")
    assert entry.amended == Amended("hello", bob.time)
    assert (entry.text, only(log, "bye").text) == ("hello", "bye")
    assert texts(log) == ["helo", "bye"]  # nothing is rewritten, and amendments have no place of their own
    assert log.count() == 2
    room.assert_sound()


def test_an_edit_with_an_earlier_time_does_not_count_though_it_comes_later(room: RoomOfAlice) -> None:
    laptop, phone = TestAuthor("bob"), TestAuthor("bob", feed_number=1)
    laptop.entries(["helo"])
    laptop.amend(Edit(laptop.reference(2), "hello"), time=START + 100)
    phone.amend(Edit(laptop.reference(2), "hullo"), time=START + 99)
    log = room.open()
    take(log, laptop, phone)
    assert only(log, "helo").text == "hello"


def test_edits_and_deletions_by_others_are_without_effect(room: RoomOfAlice) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["mine"])
    carol.amend(Edit(bob.reference(2), "carol's"))
    carol.amend(Deletion(bob.reference(2)))
    log = room.open()
    take(log, bob, carol)
    assert only(log, "mine").text == "mine"
    assert not only(log, "mine").deleted
    room.assert_sound()


def test_a_deletion_is_final(room: RoomOfAlice) -> None:
    bob = TestAuthor("bob")
    bob.entries(["oops"])
    bob.amend(Deletion(bob.reference(2)))
    bob.amend(Edit(bob.reference(2), "back"))
    log = room.open()
    take(log, bob)
    entry = only(log, "oops")
    assert (entry.deleted, entry.text) == (True, None)
    assert [text for _, text in log.versions(bob.feed, 2)] == ["back"]


def test_reactions_are_counted_by_author_and_can_be_taken_back(room: RoomOfAlice) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["cake?"])
    target = bob.reference(2)
    for given_now in (True, False, True):
        bob.amend(Reaction(target, "👍", given_now))
    bob.amend(Reaction(target, "🎂", True))
    for given_now in (True, False):
        carol.amend(Reaction(target, "🎂", given_now))
    carol.amend(Reaction(target, "👍", True))
    log = room.open()
    take(log, bob, carol)
    amended = only(log, "cake?").amended
    assert amended is not None
    assert amended.reactions == (("👍", tuple(sorted([BOB, CAROL]))), ("🎂", (BOB,)))
    room.assert_sound()


def test_what_is_said_about_an_entry_waits_for_it(room: RoomOfAlice) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["first"])
    carol.write(KIND_REPLY, [encode_reference(bob.reference(2)), "second"])
    carol.amend(Reaction(bob.reference(2), "👍", True))
    log = room.open()
    take(log, carol)
    assert only(log, "second").quote is None
    take(log, bob)
    amended, quote = only(log, "first").amended, only(log, "second").quote
    assert amended is not None
    assert amended.reactions == (("👍", (CAROL,)),)
    assert quote is not None
    assert (quote.key, quote.author, quote.name, quote.text) == (only(log, "first").key, BOB, "bob", "first")
    room.assert_sound()


def test_a_reply_that_says_a_false_place_quotes_nothing(room: RoomOfAlice) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["first", "next"])
    true = bob.reference(2)
    for text, false in (("feed", replace(true, feed=carol.feed)), ("seq", replace(true, seq=3))):
        carol.write(KIND_REPLY, [encode_reference(false), text])
    log = room.open()
    take(log, bob)
    take(log, carol)
    assert [only(log, text).quote for text in ("feed", "seq")] == [None, None]
    room.assert_sound()


def test_a_quote_says_what_the_original_says_now(room: RoomOfAlice) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["helo", "oops"])
    for seq in (2, 3):
        carol.write(KIND_REPLY, [encode_reference(bob.reference(seq)), f"to {seq}"])
    bob.amend(Edit(bob.reference(2), "hello"))
    bob.amend(Deletion(bob.reference(3)))
    log = room.open()
    take(log, bob, carol)
    quotes = [only(log, f"to {seq}").quote for seq in (2, 3)]
    assert [quote.text for quote in quotes if quote] == ["hello", None]


def test_a_reference_to_another_entry_than_it_says_is_judged_by_its_digest(room: RoomOfAlice) -> None:
    bob = TestAuthor("bob")
    bob.entries(["one", "two"])
    bob.amend(Edit(Reference(bob.feed, 3, bob.digest(2)), "ONE"))
    log = room.open()
    take(log, bob)
    assert [entry.text for entry in whole_timeline(log)] == ["ONE", "two"]


def test_what_one_author_says_about_one_message_is_bounded(room: RoomOfAlice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amendments, "MAX_SYMBOLS", 3)
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["x"])
    for number in range(20):
        bob.amend(Reaction(bob.reference(2), f"+{number}", True))
    carol.amend(Reaction(bob.reference(2), "👍", True))
    log = room.open()
    take(log, bob, carol)
    amended = only(log, "x").amended
    assert amended is not None
    assert len(amended.reactions) == 3 + 1
    assert ("👍", (CAROL,)) in amended.reactions


def amendments_strategy() -> st.SearchStrategy[tuple[int, int, int, int]]:
    """(who, on which of two messages, what, when)"""
    return st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 4), st.integers(0, 3))


def conversation(said: Sequence[tuple[int, int, int, int]]) -> list[TestAuthor]:
    """Three feeds by two authors, who amend bob's and their own messages at times that often tie."""
    feeds = [TestAuthor("bob"), TestAuthor("bob", feed_number=1), TestAuthor("carol")]
    for number, author in enumerate(feeds):
        author.entries([f"message {number}"])
    for who, about, what, when in said:
        target = feeds[0 if about else who].reference(2)
        match what:
            case 0 | 1:
                feeds[who].amend(Edit(target, f"edit {who} {when} {what}"), time=START + when)
            case 2:
                feeds[who].amend(Deletion(target), time=START + when)
            case _:
                feeds[who].amend(Reaction(target, "👍", what == 3), time=START + when)
    return feeds


@given(said=st.lists(amendments_strategy(), max_size=12), order=st.permutations(range(3)), cut=st.integers(1, 6))
@settings(max_examples=60, deadline=None)
def test_all_orders_of_arrival_end_the_same(
    said: list[tuple[int, int, int, int]], order: Sequence[int], cut: int
) -> None:
    feeds = conversation(said)
    outcomes = []
    for sequence, piece in ((range(3), 100), (order, cut)):
        with TemporaryDirectory() as folder:
            room = RoomOfAlice(Path(folder))
            log = room.open()
            waiting = [feeds[number] for number in sequence]
            at = dict.fromkeys(range(3), 1)
            while any(at[number] <= len(author.stored) for number, author in enumerate(waiting)):
                for number, author in enumerate(waiting):
                    if at[number] <= len(author.stored):
                        last = min(at[number] + piece - 1, len(author.stored))
                        log.ingest([author.run(at[number], last)]).result()
                        at[number] = last + 1
            outcomes.append({(e.feed, e.seq): (e.text, e.amended, e.deleted) for e in whole_timeline(log)})
            room.assert_sound()
    assert outcomes[0] == outcomes[1]


def test_a_database_of_the_first_schema_is_brought_up_to_date(room: RoomOfAlice) -> None:
    bob = TestAuthor("bob")
    bob.entries(["helo"])
    bob.amend(Edit(bob.reference(2), "hello"))
    take(room.open(), bob)
    room.close()
    path = str(room.folder / "log.mdb")
    with lmdb.Environment(path, subdir=False, max_dbs=20, lock=False) as env, env.begin(write=True) as txn:
        txn.drop(env.open_db(schema.AMENDMENTS, txn))
        txn.put(schema.META_SCHEMA, schema.U32.pack(1), db=env.open_db(schema.META, txn))
    with pytest.raises(Exception, match="start this one once"):
        room.check()
    assert only(room.open(), "helo").text == "hello"
    room.assert_sound()


def test_what_is_said_here_is_an_entry_of_the_own_feed(log: Log, room: RoomOfAlice) -> None:
    bob = TestAuthor("bob")
    bob.entries(["cake?"])
    take(log, bob)
    mine = log.append("yse").result()
    target, his = log.reference(mine.feed, mine.seq), log.reference(bob.feed, 2)
    assert target is not None
    assert his == bob.reference(2)
    said = [log.amend(Edit(target, "yes")).result(), log.amend(Reaction(his, "🎂", True)).result()]
    answer = log.reply("when?", his).result()
    assert [entry.seq for entry in (*said, answer)] == [3, 4, 5]
    assert [entry.text for entry in whole_timeline(log)] == ["cake?", "yes", "when?"]
    quote = only(log, "when?").quote
    assert quote is not None
    assert (quote.name, quote.text) == ("bob", "cake?")
    assert answer.entry.answers == his
    room.assert_sound()


def test_what_cannot_be_said_is_refused_before_it_is_saved(log: Log) -> None:
    bob = TestAuthor("bob")
    bob.entries(["mine"])
    take(log, bob)
    head = log.head(log.own_feed)
    for amendment, says in (
        (Edit(bob.reference(2), "yours"), "only who wrote a message"),
        (Deletion(bob.reference(2)), "only who wrote a message"),
        (Reaction(bob.reference(2), "two words", True), "a reaction is one emoji"),
        (Reaction(replace(bob.reference(2), seq=3), "👍", True), "not here any more"),
        (Edit(bob.reference(2), " "), "empty message"),
    ):
        with pytest.raises(LocalEntryError, match=says):
            log.amend(amendment)
    assert log.head(log.own_feed) == head


async def test_a_follower_gets_again_what_was_said_something_about(log: Log) -> None:
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["helo", "bye"])
    bob.amend(Edit(bob.reference(2), "hello"))
    take(log, bob)
    follower = log.follow({})
    told = [*await anext(follower)]
    assert [(entry.text, entry.change) for entry in told] == [("hello", None), ("bye", None)]
    bob.amend(Deletion(bob.reference(3)))
    carol.amend(Deletion(bob.reference(2)))  # which is not hers to delete
    carol.amend(Reaction(bob.reference(2), "👍", True))
    assert not log.ingest([bob.run(5)]).result().refused
    take(log, carol)
    told = [*await anext(follower), *await anext(follower)]
    assert [(entry.text, entry.change) for entry in told] == [
        (None, Change(BOB, "bob", False, Deletion(bob.reference(3)))),
        ("hello", Change(CAROL, "carol", False, Reaction(bob.reference(2), "👍", True))),
    ]
