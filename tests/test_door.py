"""What strangers can make a person read, and the words that two people compare."""

from __future__ import annotations

from app.door import MAX_ANNOUNCED, MAX_REMEMBERED, Door
from app.identity import fingerprint
from app.names import PeerSpec
from app.peers import Author, PeerRecord
from app.phrase import COUNT, phrase
from app.status import Notice
from app.trust import Verdict

ME, BOB, CAROL = (bytes([n]) * 32 for n in (1, 2, 3))


class House:
    """alice's door, and what is told and saved there."""

    def __init__(self, *named: str, authors: tuple[Author, ...] = (), can_ask: bool = True, open: bool = False) -> None:
        self.told: list[str] = []
        self.saved: list[PeerRecord] = []
        self.door = Door(
            "alice",
            ME,
            [PeerSpec(name) for name in named],
            open=open,
            admit=False,
            records={},
            authors=lambda: authors,
            save=self.saved.append,
            tell=self._tell,
            renamed=lambda: None,
            can_ask=can_ask,
            wall=lambda: 7,
        )

    def _tell(self, notice: Notice) -> None:
        self.told.append(notice.text)

    def comes(self, key: bytes, name: str) -> Verdict:
        verdict = self.door.judge(key, name).verdict
        if verdict is Verdict.KNOCK:
            self.door.knocks(key)
        return verdict


def key(number: int) -> bytes:
    return number.to_bytes(32)


def test_a_crowd_of_strangers_is_announced_up_to_a_point_and_hides_nobody_who_is_named() -> None:
    house = House("carol", authors=(Author(BOB, "bob", 5),))
    for number in range(3 * MAX_ANNOUNCED):
        house.comes(key(number), f"stranger{number}")
    assert len(house.told) == MAX_ANNOUNCED
    assert "no more of them are announced" in house.told[-1]
    assert house.comes(CAROL, "carol") is Verdict.KNOCK
    assert house.told[-1] == "carol will read 5 messages by bob?: /accept carol to let it in"


def test_who_knocks_again_is_announced_once() -> None:
    house = House()
    for _ in range(3):
        house.comes(CAROL, "carol")
    assert len(house.told) == 1


def test_who_knocks_under_a_name_that_was_announced_is_announced_apart() -> None:
    house = House()
    house.comes(BOB, "carol")
    house.comes(CAROL, "carol")
    assert f"/accept carol~{fingerprint(CAROL)[:6]}" in house.told[-1]


def test_where_no_command_can_be_typed_a_knock_says_what_to_type_elsewhere() -> None:
    house = House("carol", authors=(Author(BOB, "bob", 5),), can_ask=False)
    house.comes(CAROL, "carol")
    assert house.told[-1].endswith("chat-tui peers alice accept carol lets it in, also while this goes on")
    house.comes(key(9), "dave")
    house.comes(key(10), "dave")
    assert f"chat-tui peers alice accept dave~{fingerprint(key(10))[:6]} lets" in house.told[-1]


def test_where_no_command_can_be_typed_answers_say_what_to_type_elsewhere() -> None:
    house = House("carol", can_ask=False)
    house.comes(BOB, "carol")
    house.comes(CAROL, "carol")
    assert house.door.trust("carol").text.endswith("chat-tui peers alice trust carol again")
    assert "chat-tui peers alice accept carol" in house.door.refuse("carol").text


def test_where_no_command_can_be_typed_another_key_says_what_to_type_elsewhere() -> None:
    house = House("carol", can_ask=False)
    assert house.comes(BOB, "carol") is Verdict.ADMIT
    assert house.comes(CAROL, "carol") is Verdict.REFUSE
    assert house.door.about_rival(CAROL) == ". Here: chat-tui peers alice trust carol, twice"
    assert house.door.about_rival(BOB) is None


def test_what_is_remembered_of_strangers_is_bounded_and_nothing_of_it_saved() -> None:
    house = House()
    for number in range(MAX_REMEMBERED + 50):
        house.comes(key(number), "carol")
    assert len(house.door._guests) == MAX_REMEMBERED
    assert house.saved == []


def test_my_own_name_is_pinned_to_nobody_else() -> None:
    house = House()
    house.comes(BOB, "Alice")
    house.door.command(f"/accept alice~{fingerprint(BOB)[:6]}")
    assert house.door.records[BOB].pinned_at is None
    assert house.door.people.label(BOB, "Alice") == f"Alice~{fingerprint(BOB)[:6]}"


def test_both_sides_see_the_same_words_and_others_do_not() -> None:
    words = phrase(BOB, CAROL)
    assert words == phrase(CAROL, BOB)
    assert len(words.split()) == COUNT
    assert words not in (phrase(BOB, ME), phrase(ME, CAROL), phrase(BOB, BOB))


def test_the_words_are_part_of_the_protocol() -> None:
    assert phrase(BOB, CAROL) == "sailor octopus hedgehog unicorn opal sketch lantern cupboard"


def test_guests_of_an_open_door_are_no_members_and_only_so_many_keep_a_name() -> None:
    house = House(open=True)
    for number in range(MAX_REMEMBERED + 5):
        assert house.comes(key(number), f"guest{number}") is Verdict.ADMIT
    pinned = [record for record in house.door.records.values() if record.pinned_at is not None]
    assert len(pinned) == len(house.door.records) == MAX_REMEMBERED
    assert {record.standing for record in pinned} == {None}
