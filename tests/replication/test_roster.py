"""Whom to dial, at which address, when: with the clock set by the test."""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app import way
from app.names import PeerSpec, preferred_port
from app.replication.candidate import Address, Candidate
from app.replication.roster import (
    FIRST_DELAY,
    LONGEST_DELAY,
    MAX_CANDIDATES,
    MAX_FLYING,
    STAGGER,
    STEADY_AFTER,
    Dial,
    Roster,
)
from app.way import Reach

OWN_NODE, BOB, BOB_PHONE = (bytes([n]) * 16 for n in (1, 2, 3))
LAN, LAN_2 = Address("192.0.2.7", 4000), Address("192.0.2.7", 4001)
FALLBACK = Address("127.0.0.1", preferred_port("bob"))
KEY, OTHER_KEY = "a" * 32, "b" * 32


def roster(*peers: PeerSpec, loopback: str | None = None, devices: Sequence[PeerSpec] = ()) -> Roster:
    return Roster(
        peers,
        room="main",
        own_node=OWN_NODE,
        loopback=loopback,
        random=Random(1),
        now=0.0,
        devices=devices,
    )


def bob(
    *addresses: Address, node: bytes | None = BOB, fingerprint: str | None = KEY, instance: str = "bob"
) -> Candidate:
    return Candidate(instance, "bob", "main", fingerprint, node, addresses or (LAN,))


def dialled(where: Roster, now: float) -> list[Address]:
    return [dial.address for dial in where.due(now)]


def everything_dialled(where: Roster, until: float) -> list[tuple[float, Address]]:
    """Every dial up to a time when nobody ever answers, as the mesh would make them."""
    now, dials = 0.0, []
    while now <= until:
        begun = where.due(now)
        for dial in begun:
            dials.append((now, dial.address))
            where.failed(dial, now)
        deadline = where.deadline(now)
        if deadline is None:
            break
        assert begun or deadline > now, "a deadline that has passed and brings nothing would spin"
        now = deadline
    return dials


def test_a_given_address_is_dialled_at_once_at_its_port_or_the_preferred_one() -> None:
    assert dialled(roster(PeerSpec("bob", host="192.0.2.7", port=4000)), 0.0) == [LAN]
    assert dialled(roster(PeerSpec("bob", host="::1")), 0.0) == [Address("::1", preferred_port("bob"))]


def test_the_preferred_port_on_this_computer_is_tried_unless_loopback_may_not_be_used() -> None:
    assert dialled(roster(PeerSpec("bob"), loopback="127.0.0.1"), 0.0) == [FALLBACK]
    assert dialled(roster(PeerSpec("bob"), loopback=None), 0.0) == []


def test_a_peer_that_is_heard_is_dialled_at_once_even_in_the_middle_of_a_long_delay() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(bob(), 0.0)
    for now in (0.0, 50.0, 100.0, 150.0, 200.0, 250.0, 300.0, 350.0):
        peers.failed(peers.due(now)[0], now)
    assert peers.due(351.0) == []
    peers.heard(bob(), 351.0)
    assert dialled(peers, 351.0) == [LAN]


def test_announcements_in_quick_succession_end_a_delay_once() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(bob(), 0.0)
    peers.failed(peers.due(0.0)[0], 0.0)
    peers.heard(bob(), 0.01)
    assert peers.due(0.01) == []


def test_names_are_matched_in_their_comparison_form_and_others_are_ignored() -> None:
    peers = roster(PeerSpec("Bob"))
    peers.heard(replace(bob(), name="carol"), 0.0)
    assert peers.due(0.0) == []
    peers.heard(replace(bob(), name="ｂｏｂ"), 0.0)
    assert dialled(peers, 0.0) == [LAN]


def test_a_candidate_in_another_room_or_with_my_own_node_id_is_not_dialled() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(replace(bob(), room="garden"), 0.0)
    peers.heard(bob(node=OWN_NODE), 0.0)
    assert peers.due(0.0) == []


def test_delays_double_with_jitter_up_to_thirty_seconds() -> None:
    dials = everything_dialled(roster(PeerSpec("bob", host="192.0.2.7", port=4000)), 300.0)
    gaps = [after - before for (before, _), (after, _) in pairwise(dials)]
    for attempt, gap in enumerate(gaps):
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0**attempt)
        assert longest / 2 <= gap <= longest
    assert len(set(gaps)) == len(gaps)


def test_addresses_of_one_peer_are_begun_a_quarter_second_apart_and_a_failure_makes_way_at_once() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(bob(LAN, LAN_2), 0.0)
    (first,) = peers.due(0.0)
    assert peers.due(STAGGER / 2) == []
    assert peers.deadline(STAGGER / 2) == STAGGER
    (second,) = peers.due(STAGGER)
    assert {first.address, second.address} == {LAN, LAN_2}

    peers = roster(PeerSpec("bob"))
    peers.heard(bob(LAN, LAN_2), 0.0)
    peers.failed(peers.due(0.0)[0], 0.01)
    assert dialled(peers, 0.01) == [LAN_2]


def test_a_node_that_is_connected_is_not_dialled_at_any_of_its_addresses() -> None:
    peers = roster(PeerSpec("bob"), loopback="127.0.0.1")
    peers.heard(bob(LAN, LAN_2), 0.0)
    peers.connected("bob", BOB, None, 0.0)
    assert peers.due(0.0) == []
    assert peers.deadline(0.0) is None


def test_a_second_device_of_the_same_author_is_dialled_as_well() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(bob(), 0.0)
    peers.connected("bob", BOB, peers.due(0.0)[0], 0.1)
    peers.heard(bob(LAN_2, node=BOB_PHONE, instance="bob-0303"), 1.0)
    assert dialled(peers, 1.0) == [LAN_2]


def test_a_given_address_rests_while_the_node_that_was_met_there_is_connected() -> None:
    peers = roster(PeerSpec("bob", host="192.0.2.7", port=4000))
    peers.connected("bob", BOB, peers.due(0.0)[0], 0.1)
    assert peers.due(100.0) == []
    peers.disconnected("bob", BOB, 100.0)
    assert dialled(peers, 100.0 + FIRST_DELAY) == [LAN]


def test_a_session_that_ends_soon_counts_as_a_failed_attempt() -> None:
    peers = roster(PeerSpec("bob", host="192.0.2.7", port=4000))
    now, gaps = 0.0, []
    for _ in range(6):
        (dial,) = peers.due(now)
        peers.connected("bob", BOB, dial, now)
        peers.disconnected("bob", BOB, now + STEADY_AFTER / 2)
        due = peers.deadline(now)
        assert due is not None
        gaps.append(due - now - STEADY_AFTER / 2)
        now = due
    assert gaps[-1] > 10 * gaps[0]


def test_an_announcement_that_contradicts_the_pinned_key_is_dialled_last_and_not_while_connected() -> None:
    peers = roster(PeerSpec("bob", fingerprint=KEY))
    peers.heard(bob(LAN, fingerprint=OTHER_KEY, node=BOB_PHONE, instance="liar"), 0.0)
    peers.heard(bob(LAN_2, fingerprint=KEY), 0.0)
    (dial,) = peers.due(0.0)
    assert dial.address == LAN_2
    assert dialled(peers, STAGGER) == [LAN]

    peers = roster(PeerSpec("bob"))
    peers.connected("bob", BOB, None, 0.0)
    peers.pin("bob", KEY)
    peers.heard(bob(fingerprint=OTHER_KEY, node=BOB_PHONE, instance="liar"), 0.0)
    assert peers.due(0.0) == []


def test_an_address_that_is_my_own_is_left_alone_until_the_network_changes() -> None:
    peers = roster(PeerSpec("bob"), loopback="127.0.0.1")
    peers.met_myself(peers.due(0.0)[0])
    assert peers.due(1000.0) == []
    peers.network_changed(1000.0)
    assert dialled(peers, 1000.0) == [FALLBACK]


def test_who_refuses_is_asked_again_rarely() -> None:
    peers = roster(PeerSpec("bob", host="192.0.2.7", port=4000))
    peers.refused(peers.due(0.0)[0], 0.0)
    due = peers.deadline(0.0)
    assert due is not None
    assert due >= LONGEST_DELAY / 2


def test_a_goodbye_on_multicast_ends_the_dialling_of_what_was_heard() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(bob(), 0.0)
    peers.gone("bob", 0.1)
    assert peers.due(0.1) == []


def test_a_new_port_is_dialled_and_the_old_one_forgotten() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(bob(LAN), 0.0)
    peers.failed(peers.due(0.0)[0], 0.0)
    peers.heard(bob(LAN_2), 0.5)
    assert [address for _, address in everything_dialled(peers, 60.0)][:3] == [LAN_2] * 3


def test_another_node_at_a_known_address_is_dialled() -> None:
    peers = roster(PeerSpec("bob"))
    peers.heard(bob(), 0.0)
    peers.connected("bob", BOB, peers.due(0.0)[0], 0.0)
    peers.heard(bob(node=BOB_PHONE), 2.0)
    assert dialled(peers, 2.0) == [LAN]


def test_whoever_announces_a_thousand_bobs_makes_us_dial_few() -> None:
    peers = roster(PeerSpec("bob"))
    for n in range(1000):
        peers.heard(bob(Address("192.0.2.9", 1000 + n), node=os.urandom(16), instance=f"bob-{n}"), 0.0)
    assert len({address for _, address in everything_dialled(peers, 60.0)}) == MAX_CANDIDATES
    flying = 0
    peers.network_changed(1000.0)
    for step in range(100):
        flying += len(peers.due(1000.0 + step))
    assert flying == MAX_FLYING


@given(st.lists(st.tuples(st.sampled_from("hgcdnfrt"), st.integers(0, 3), st.floats(0.0, 40.0)), max_size=60))
def test_whatever_happens_a_peer_that_is_not_connected_is_dialled_within_the_longest_delay(
    steps: list[tuple[str, int, float]],
) -> None:
    peers = roster(PeerSpec("bob", host="192.0.2.7", port=4000), loopback="127.0.0.1")
    now, flying, nodes = 0.0, list[Dial](), list[bytes]()
    for action, n, wait in steps:
        now += wait
        flying += peers.due(now)
        node = bytes([n + 2]) * 16
        match action:
            case "h":
                peers.heard(bob(Address("192.0.2.8", 5000 + n), node=node, instance=f"bob-{n}"), now)
            case "g":
                peers.gone(f"bob-{n}", now)
            case "c":
                peers.connected("bob", node, flying.pop() if flying else None, now)
                nodes.append(node)
            case "d" if nodes:
                peers.disconnected("bob", nodes.pop(), now)
            case "n":
                peers.network_changed(now)
            case "f" if flying:
                peers.failed(flying.pop(), now)
            case "r" if flying:
                peers.refused(flying.pop(), now)
            case "t" if flying:
                assert isinstance(peers.is_obsolete(flying[-1]), bool)
    for dial in flying:
        peers.failed(dial, now)
    for node in nodes:
        peers.disconnected("bob", node, now)
    due = peers.deadline(now)
    assert due is not None
    assert due <= now + LONGEST_DELAY
    assert peers.due(max(due, now))


def test_my_other_device_is_dialled_without_being_named() -> None:
    peers = roster(PeerSpec("carol"), devices=[PeerSpec("bob", KEY)], loopback=None)
    assert peers.names() == ["carol"]
    assert peers.wants("Bob")
    peers.heard(bob(node=OWN_NODE), 0.0)
    assert dialled(peers, 0.0) == []
    peers.heard(bob(), 0.0)
    assert dialled(peers, 0.0) == [LAN]


def test_my_other_device_is_not_looked_for_at_my_own_port() -> None:
    assert dialled(roster(devices=[PeerSpec("bob", KEY)], loopback="127.0.0.1"), 0.0) == []
    assert dialled(roster(devices=[PeerSpec("bob", KEY, "192.0.2.7", 4000)], loopback="127.0.0.1"), 0.0) == [LAN]


def test_who_has_only_my_name_is_not_looked_for() -> None:
    peers = roster(devices=[PeerSpec("bob", KEY)])
    peers.heard(bob(fingerprint=OTHER_KEY), 0.0)
    peers.heard(bob(fingerprint=None), 0.0)
    assert dialled(peers, 0.0) == []
    peers.heard(bob(), 0.0)
    peers.heard(bob(fingerprint=OTHER_KEY), 0.0)  # the same instance says something else now
    assert dialled(peers, 0.0) == []
    peers.pin("bob", OTHER_KEY)
    peers.heard(bob(fingerprint=OTHER_KEY), 0.0)
    assert dialled(peers, 0.0) == []
    assert peers.expects("bob", KEY)
    assert not peers.expects("bob", OTHER_KEY)


def test_who_answers_a_dial_may_be_any_peer_that_was_named() -> None:
    peers = roster(PeerSpec("bob", KEY), PeerSpec("carol"))
    assert peers.expects("carol", OTHER_KEY)
    assert peers.expects("BOB", OTHER_KEY)  # refused for its key, aloud
    assert not peers.expects("dave", KEY)


def attempts(where: Roster) -> list[tuple[str, way.Source, Reach, str]]:
    found = where.way("bob")
    assert found is not None
    return [(attempt.address, attempt.source, attempt.reach, attempt.why) for attempt in found.attempts]


def test_what_came_of_each_dial_is_known() -> None:
    where = roster(PeerSpec("bob"), loopback="127.0.0.1")
    assert attempts(where) == [(str(FALLBACK), way.Source.GUESSED, Reach.UNTRIED, "")]
    where.heard(bob(LAN), 0.0)
    (dial,) = where.due(0.0)
    assert attempts(where)[0] == (str(LAN), way.Source.HEARD, Reach.TRYING, "")
    where.failed(dial, 1.0, why="no answer")
    assert attempts(where)[0][2:] == (Reach.FAILED, "no answer")
    where.refused(dial, 2.0, Reach.STRANGE, "carol answers there")
    assert attempts(where)[0][2:] == (Reach.STRANGE, "carol answers there")
    where.connected("bob", BOB, dial, 3.0)
    assert attempts(where)[0][2:] == (Reach.MET, "")


def test_a_peer_is_found_once_more_is_known_than_a_guess() -> None:
    where = roster(PeerSpec("Bob"), PeerSpec("carol", None, "192.0.2.9", 5000), loopback="127.0.0.1")
    assert where.found() == {"carol"}
    where.heard(bob(LAN), 0.0)
    assert where.found() == {"Bob", "carol"}
    where.gone("bob", 1.0)
    assert where.found() == {"carol"}


def test_who_announces_another_room_is_not_dialled_but_known() -> None:
    where = roster(PeerSpec("bob"))
    where.heard(replace(bob(LAN), room="kitchen"), 0.0)
    assert where.way("bob") == way.Way((), ("kitchen",))
    assert where.due(0.0) == []
    where.heard(bob(LAN), 1.0)
    assert where.way("bob") == way.Way((way.Attempt(str(LAN), way.Source.HEARD, Reach.UNTRIED),))
    where.heard(replace(bob(LAN), room="kitchen"), 2.0)
    assert where.way("bob") == way.Way((), ("kitchen",))
    where.gone("bob", 3.0)
    assert where.way("bob") == way.Way()


def test_rooms_of_strangers_are_remembered_to_a_number() -> None:
    where = roster(PeerSpec("bob"))
    for number in range(3 * MAX_CANDIDATES):
        where.heard(replace(bob(LAN, instance=f"bob-{number}"), room=f"room{number}"), 0.0)
    found = where.way("bob")
    assert found is not None
    assert len(found.elsewhere) == MAX_CANDIDATES


def test_there_is_no_way_to_who_is_not_named() -> None:
    assert roster(PeerSpec("bob")).way("carol") is None
