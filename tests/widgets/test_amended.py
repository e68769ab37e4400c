"""Replies, edits, deletions and reactions on the screen: what stands there follows what has been said."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

import pytest

from app.amendments import Amended, Deletion, Edit, Reaction
from app.entry import KIND_REPLY, Entry, Reference, encode_reference
from app.timeline import Quote, TimelineEntry
from app.widgets.rows import Columns, EntryRows
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, opened, pane, screen, until
from tests.widgets.timelines import message

__all__ = ["chat"]

BOB = b"bob".ljust(32, b".")


def drawn(entry: TimelineEntry, width: int = 70) -> list[str]:
    rows = EntryRows(entry, Columns(width, UTC))
    return [rows.row(index).plain for index in range(len(rows))]


def reply(text: str, quote: Quote | None) -> TimelineEntry:
    plain = message(2, text, name="carol")
    reference = encode_reference(Reference(BOB, 1, bytes(16)))
    assert isinstance(reference, list)
    entry = Entry(plain.entry.time, (), KIND_REPLY, (tuple(reference), text))
    return TimelineEntry(plain.key, plain.feed, 2, plain.author, "carol", plain.arrival, False, entry, quote=quote)


def with_amended(amended: Amended, text: str = "hello") -> TimelineEntry:
    plain = message(1, text)
    return TimelineEntry(
        plain.key, plain.feed, 1, plain.author, "bob", plain.arrival, False, plain.entry, amended=amended
    )


def test_a_reply_shows_one_line_of_what_it_answers() -> None:
    first, text = drawn(reply("yes", Quote(bytes(16), BOB, "bob", "cake\nor\x1b tea?")))
    assert text.endswith("   yes")
    assert first.rstrip().endswith("↪ bob: cake or\ufffd tea?")
    assert len(drawn(reply("yes", Quote(bytes(16), BOB, "bob", "tea " * 90)), 40)[0]) <= 40


@pytest.mark.parametrize(
    ("quote", "says"),
    [(None, "↪ a message that is not here"), (Quote(bytes(16), BOB, "bob", None), "↪ bob: [deleted]")],
)
def test_a_reply_says_so_when_there_is_nothing_to_quote(quote: Quote | None, says: str) -> None:
    assert says in drawn(reply("yes", quote))[0]


def test_edits_and_reactions_stand_below_the_message() -> None:
    entry = with_amended(Amended("hello, bob", 5, False, (("👍", (b"1" * 32, b"2" * 32)), ("+1", (b"3" * 32,)))))
    assert [row.strip() for row in drawn(entry)[1:]] == ["edited  👍 2  +1 1"]
    assert drawn(entry)[0].endswith("hello, bob")


def test_a_deleted_message_says_only_that() -> None:
    assert "[deleted by its author]" in drawn(with_amended(Amended(None, None, True, (("👍", (BOB,)),))))[0]
    assert len(drawn(with_amended(Amended(None, None, True)))) == 1


def test_rows_beside_the_text_are_found_again_and_hold_no_text() -> None:
    entry = reply("word " * 30, Quote(bytes(16), BOB, "bob", "cake?"))
    rows = EntryRows(
        TimelineEntry(
            entry.key, entry.feed, 2, entry.author, "carol", entry.arrival, False, entry.entry,
            Amended(None, None, False, (("👍", (BOB,)),)), entry.quote,
        ),
        Columns(70, UTC),
    )  # fmt: skip
    assert [rows.index_at(rows.start(index)) for index in range(len(rows))] == list(range(len(rows)))
    assert "".join(rows.row(index).text for index in range(len(rows))).count("word") == 30
    assert (rows.row(0).text, rows.row(len(rows) - 1).text) == ("", "")


async def test_what_others_say_about_a_message_shows_at_once(chat: LocalChat, tmp_path: Path) -> None:
    chat.says("bob", "helo", "second").result()
    bob = chat.log.before(b"\xff" * 16, 2)[0].feed
    helo, second = (chat.log.reference(bob, seq) for seq in (2, 3))
    assert helo is not None
    assert second is not None
    async with opened(chat) as (app, _):
        assert "helo" in screen(app)
        chat.amends("bob", Edit(helo, "hello"))
        await until(lambda: any("hello" in row for row in pane(app)) and "edited" in screen(app))
        assert "helo " not in screen(app)
        chat.log.amend(Reaction(second, "👍", True))
        await until(lambda: "👍 1" in screen(app))
        chat.log.reply("third", helo)
        await until(lambda: "↪ bob: hello" in screen(app))
        chat.amends("bob", Deletion(helo))
        await until(lambda: "↪ bob: [deleted]" in screen(app))
        assert "[deleted by its author]" in screen(app)
