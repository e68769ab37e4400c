"""Who holds my entries: what was acknowledged, by whom, and when they were last here. Without a network."""

from __future__ import annotations

from app.door import Door
from app.holdings import Holdings
from app.names import PeerSpec
from app.peers import PeerRecord, Standing
from app.status import OWN_DEVICE, HeldUpTo, Holder

ME, BOB, CAROL, OTHER, FEED = (bytes([number]) * 32 for number in range(5))


class House:
    """bob and carol are named, and there is another member."""

    def __init__(self, *named: str, records: dict[bytes, PeerRecord] | None = None) -> None:
        self.now = 100
        self.saved: list[PeerRecord] = []
        people = {BOB: "bob", CAROL: "carol", OTHER: "other"}
        self.door = Door(
            "alice",
            ME,
            (),
            open=False,
            admit=False,
            records=records
            or {key: PeerRecord(key, name, 1, {}, Standing.ACCEPTED, 1) for key, name in people.items()},
            authors=list,
            save=self.saved.append,
            tell=lambda _: None,
            renamed=self.renamed,
        )
        self.renames = 0
        self.holdings = Holdings(self.door, ME, FEED, map(PeerSpec, named), lambda: self.now)

    def renamed(self) -> None:
        self.renames += 1


def test_one_is_enough_for_some_and_every_named_peer_counts_for_every() -> None:
    holdings = House("bob", "carol").holdings
    assert holdings.up_to() == HeldUpTo(0, 0)
    assert holdings.acknowledged(BOB, 7)
    assert holdings.up_to() == HeldUpTo(7, 0)
    assert holdings.acknowledged(CAROL, 5)
    assert holdings.up_to() == HeldUpTo(7, 5)
    assert holdings.named_holders(6) == {"bob"}


def test_an_older_acknowledgement_is_no_news_and_takes_nothing_back() -> None:
    holdings = House("bob").holdings
    holdings.acknowledged(BOB, 7)
    assert not holdings.acknowledged(BOB, 6)
    assert holdings.up_to() == HeldUpTo(7, 7)


def test_who_was_not_named_and_my_other_device_hold_too_but_not_for_everybody() -> None:
    holdings = House("bob").holdings
    holdings.acknowledged(OTHER, 3)
    holdings.acknowledged(ME, 4)
    assert holdings.up_to() == HeldUpTo(4, 0)
    assert [holder.name for holder in holdings.holders(3) if holder.holds] == ["other", OWN_DEVICE]
    assert holdings.names(3) == ("other",)


def test_where_nobody_is_named_everybody_who_was_met_and_is_not_refused_counts() -> None:
    gone = PeerRecord(OTHER, "dave", 1, {}, Standing.REFUSED, 1)
    house = House(
        records={BOB: PeerRecord(BOB, "bob", 1), CAROL: PeerRecord(CAROL, "carol", 1, {}, seen_at=50), OTHER: gone}
    )
    house.holdings.acknowledged(BOB, 3)
    assert house.holdings.up_to() == HeldUpTo(3, 0)
    assert house.holdings.holders(3) == [Holder("bob", True), Holder("carol", False, seen=50)]
    house.holdings.acknowledged(CAROL, 2)
    assert house.holdings.up_to() == HeldUpTo(3, 2)


def test_who_is_alone_has_nothing_with_everybody() -> None:
    holdings = House(records={OTHER: PeerRecord(OTHER, "dave", 1, {FEED: 3}, Standing.REFUSED, 1)}).holdings
    holdings.acknowledged(ME, 3)
    assert holdings.up_to().every == 0


def test_what_my_other_device_holds_is_remembered_and_makes_me_nobody_who_was_met() -> None:
    house = House("bob")
    house.holdings.connected(ME)
    house.holdings.acknowledged(ME, 4)
    house.holdings.save_all()
    assert [(record.key, record.held) for record in house.saved] == [(ME, {FEED: 4})]
    again = House("bob", records={ME: house.saved[0]})
    assert again.holdings.up_to() == HeldUpTo(4, 0)
    assert again.holdings.holders(4)[-1] == Holder(OWN_DEVICE, True)
    assert not again.door.records


def test_somebody_without_a_pinned_name_holds_for_nobody() -> None:
    holdings = House("bob", records={BOB: PeerRecord(BOB, "bob", None)}).holdings
    assert not holdings.acknowledged(BOB, 3)
    assert holdings.up_to() == HeldUpTo()


def test_who_lacks_an_entry_is_told_with_when_they_were_last_here() -> None:
    house = House("bob", "carol", "stranger")
    house.holdings.acknowledged(BOB, 2)
    house.holdings.connected(BOB)
    house.holdings.connected(CAROL)
    house.now = 200
    house.holdings.disconnected(CAROL)
    house.now = 300
    assert house.holdings.holders(2) == [
        Holder("bob", True, here=True, seen=300),
        Holder("carol", False, seen=200),
        Holder("stranger", False),
    ]


def test_what_is_held_and_when_somebody_was_here_is_remembered_and_is_no_change_of_names() -> None:
    house = House("bob")
    house.holdings.connected(BOB)
    house.holdings.acknowledged(BOB, 2)
    house.now = 300
    house.holdings.save_all()
    assert [(record.name, record.held, record.seen_at) for record in house.saved] == [("bob", {FEED: 2}, 300)]
    assert house.renames == 0
    again = House("bob", records={BOB: house.saved[0]})
    assert again.holdings.up_to() == HeldUpTo(2, 2)
    assert again.holdings.holders(2) == [Holder("bob", True, seen=300)]


def test_what_was_saved_is_not_saved_again() -> None:
    house = House("bob")
    house.holdings.acknowledged(BOB, 2)
    house.holdings.save()
    house.holdings.save()
    assert len(house.saved) == 1
