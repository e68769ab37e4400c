"""When somebody is called, and what they are told: pure, with the time passed in."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from app.amendments import Edit
from app.entry import Reference
from app.mentions import Mentions
from app.settings import Notify
from app.timeline import Change, Quote, TimelineEntry
from app.widgets.attention import PAUSE, RECENT, Attention, Call, Whereabouts
from tests.widgets.timelines import START, message

ME = b"alice".ljust(32, b".")
BOB = b"bob".ljust(32, b".")
HERE, ELSEWHERE, AWAY = Whereabouts
CHANGE = Change(b"bob", "bob", own=False, amendment=Edit(Reference(b"f" * 32, 1, b"d" * 16), "alice!"))
WALL = START + RECENT // 2


class Desk:
    def __init__(self, level: Notify = Notify.MENTIONS, *, for_two: bool = False) -> None:
        self.level = level
        self.muted: set[bytes] = set()
        self.attention = Attention(
            ME,
            Mentions("alice"),
            wants=lambda: self.level,
            is_muted=lambda key: key in self.muted,
            label=lambda entry: entry.name,
            for_two=lambda: for_two,
        )

    def called(self, *entries: TimelineEntry, where: Whereabouts = AWAY, now: float = 0.0) -> str | None:
        self.attention.landed(entries, where, WALL)
        call, _ = self.attention.due(where, now)
        return None if call is None else call.text


def says(text: str, name: str = "bob") -> TimelineEntry:
    return message(0, text, name=name)


def test_a_mention_calls_who_is_away_and_does_not_say_what_it_says() -> None:
    assert Desk().called(says("alice, the code is 1234")) == "bob wrote to you"


def test_who_is_elsewhere_in_the_chat_hears_the_bell() -> None:
    assert Desk().called(says("alice?"), where=ELSEWHERE) == ""


def test_who_is_here_is_not_called() -> None:
    assert Desk(Notify.ALL).called(says("alice?"), where=HERE) is None


@pytest.mark.parametrize(
    ("level", "expected"), [(Notify.OFF, None), (Notify.MENTIONS, None), (Notify.ALL, "bob wrote")]
)
def test_other_messages_call_only_who_wants_all(level: Notify, expected: str | None) -> None:
    assert Desk(level).called(says("hello")) == expected


def test_off_is_off() -> None:
    assert Desk(Notify.OFF).called(says("alice?")) is None


def test_an_answer_to_me_and_all_in_a_chat_of_two_are_meant_for_me() -> None:
    answer = replace(says("yes"), quote=Quote(b"", ME, "alice", "cake?"))
    assert Desk().called(answer) == "bob wrote to you"
    assert Desk(for_two=True).called(says("hello")) == "bob wrote to you"


def test_nobody_is_called_by_what_is_old_mine_muted_or_said_about_a_message() -> None:
    desk = Desk(Notify.ALL)
    desk.muted = {b"carol".ljust(32, b".")}
    old = message(0, "alice?", time=WALL - RECENT - 1)
    mine = message(0, "alice", name="alice", own=True)
    edited = replace(says("alice!"), change=CHANGE)
    assert desk.called(old, mine, edited, says("alice", "carol")) is None


def test_what_comes_at_once_is_summed_up() -> None:
    desk = Desk(Notify.ALL)
    assert desk.called(says("a"), says("alice"), says("b", "carol")) == "3 messages from bob, carol, 1 of them to you"
    many = [says("alice", name) for name in ("bob", "carol", "dora", "eve")]
    assert Desk().called(*many) == "4 messages to you from bob, carol, dora and others"


def test_calls_are_apart_and_the_next_sums_up() -> None:
    desk = Desk()
    assert desk.called(says("alice 1"), now=0) == "bob wrote to you"
    assert desk.called(says("alice 2"), now=1) is None
    assert desk.attention.due(AWAY, 1.0) == (None, PAUSE - 1)
    assert desk.called(says("alice 3"), now=PAUSE) == "2 messages to you from bob"
    assert desk.attention.due(AWAY, 2 * PAUSE) == (None, None)


def test_who_came_back_in_the_meantime_is_not_called() -> None:
    desk = Desk()
    desk.called(says("alice 1"), now=0)
    desk.called(says("alice 2"), now=1)
    assert desk.attention.due(HERE, PAUSE) == (None, None)
    assert desk.attention.due(AWAY, PAUSE) == (None, None)


def test_a_call_by_a_hostile_name_is_harmless() -> None:
    assert Desk().called(says("alice", "bob")) == "bob wrote to you"
    attention = Attention(
        ME,
        Mentions("alice"),
        wants=lambda: Notify.ALL,
        is_muted=lambda _: False,
        label=lambda _: "\x1b]0;evil\x07",
        for_two=lambda: False,
    )
    attention.landed([says("x")], AWAY, WALL)
    assert attention.due(AWAY, 0.0)[0] == Call("\ufffd]0;evil\ufffd wrote")
