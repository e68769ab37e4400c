"""Which of two connections to the same peer stays: seen from both of its ends."""

from __future__ import annotations

from itertools import permutations

import pytest

from app.replication.duplicates import Link, Links, Peer

SMALL, LARGE = Peer(b"\x01" * 32, b"\x09" * 16), Peer(b"\x02" * 32, b"\x01" * 16)
RUN, LATER_RUN = b"r" * 8, b"s" * 8


def end(other: Peer, *, run: bytes = RUN, dialled: bool, item: str) -> Link[str]:
    return Link(other, run, dialled, item)


def kept(own: Peer, links: list[Link[str]], *, silent: bool = False) -> set[str]:
    mine: Links[str] = Links(own)
    for link in links:
        mine.add(link, is_silent=lambda _: silent)
    return {link.item for link in mine}


@pytest.mark.parametrize("small_sees", [*permutations(["by small", "by large"])])
@pytest.mark.parametrize("large_sees", [*permutations(["by small", "by large"])])
def test_of_opposite_dials_both_ends_keep_the_one_by_the_smaller_in_whatever_order_they_came(
    small_sees: tuple[str, ...], large_sees: tuple[str, ...]
) -> None:
    assert kept(SMALL, [end(LARGE, dialled=item == "by small", item=item) for item in small_sees]) == {"by small"}
    assert kept(LARGE, [end(SMALL, dialled=item == "by large", item=item) for item in large_sees]) == {"by small"}


@pytest.mark.parametrize("own", [SMALL, LARGE])
@pytest.mark.parametrize("dialled", [(True, False), (False, True), (True, True), (False, False)])
def test_a_new_run_replaces_the_old_one_whoever_dialled(own: Peer, dialled: tuple[bool, bool]) -> None:
    other = LARGE if own is SMALL else SMALL
    old = end(other, dialled=dialled[0], item="old")
    new = end(other, run=LATER_RUN, dialled=dialled[1], item="new")
    assert kept(own, [old, new]) == {"new"}


def test_a_second_dial_in_the_same_direction_replaces_the_first() -> None:
    first, second = (end(LARGE, dialled=True, item=item) for item in ("first", "second"))
    assert kept(SMALL, [first, second]) == {"second"}


def test_an_old_connection_that_is_silent_gives_way() -> None:
    old, new = end(LARGE, dialled=True, item="old"), end(LARGE, dialled=False, item="new")
    assert kept(SMALL, [old, new]) == {"old"}
    assert kept(SMALL, [old, new], silent=True) == {"new"}


def test_two_devices_of_one_author_are_two_peers() -> None:
    phone = Peer(LARGE.key, b"\x02" * 16)
    links = [end(LARGE, dialled=True, item="desk"), end(phone, dialled=True, item="phone")]
    assert kept(SMALL, links) == {"desk", "phone"}


def test_only_the_connection_that_stayed_counts_when_it_ends() -> None:
    links: Links[str] = Links(SMALL)
    old, new = end(LARGE, dialled=True, item="old"), end(LARGE, run=LATER_RUN, dialled=True, item="new")
    links.add(old, is_silent=lambda _: False)
    assert links.add(new, is_silent=lambda _: False) is old
    assert not links.remove(old)
    assert links.remove(new)
    assert len(links) == 0
