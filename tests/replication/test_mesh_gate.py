"""Limits on connections that have not proved a key, with the clock set by the test."""

from __future__ import annotations

import pytest

from app.replication.mesh_gate import (
    FORGOTTEN_AFTER,
    FREE_FAILURES,
    LONGEST_DELAY,
    MAX_SOURCES,
    MAX_UNFINISHED,
    MAX_UNFINISHED_EACH,
    NEWCOMERS_BURST,
    NEWCOMERS_PER_SECOND,
    VISITS_BURST,
    VISITS_PER_SECOND,
    Gate,
    Visit,
)


class Door:
    """A gate, and who was turned out of it."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.out: list[str] = []

    def enter(self, address: str, now: float = 0.0) -> Visit | None:
        return self.gate.enter(address, now, lambda: self.out.append(address))

    def visits(self, address: str, times: int, now: float = 0.0) -> list[Visit]:
        found = [self.enter(address, now) for _ in range(times)]
        return [visit for visit in found if visit is not None]

    def fail(self, address: str, times: int, now: float) -> None:
        for _ in range(times):
            visit = self.enter(address, now)
            assert visit is not None
            self.gate.failed(visit, now)


def test_one_address_may_have_few_unfinished_connections() -> None:
    door = Door()
    assert len(door.visits("192.0.2.1", 100)) == MAX_UNFINISHED_EACH
    assert door.out == []


def test_who_comes_to_a_full_door_takes_the_place_of_the_oldest_from_where_most_are() -> None:
    door = Door()
    for last in range(4):
        door.visits(f"192.0.2.{last}", MAX_UNFINISHED_EACH)
    assert door.out == []
    assert len(door.visits("198.51.100.1", 3)) == 3
    assert door.out == ["192.0.2.0", "192.0.2.1", "192.0.2.2"]


def test_all_together_are_never_more_than_the_door_has_room_for() -> None:
    door = Door()
    entered = sum(len(door.visits(f"192.0.2.{last}", 5)) for last in range(50))
    assert entered - len(door.out) == MAX_UNFINISHED


def test_who_was_turned_out_is_not_counted_twice() -> None:
    door = Door()
    visits = door.visits("127.0.0.1", MAX_UNFINISHED + 5)
    for visit in visits:
        door.gate.failed(visit, 0.0)
    assert len(door.visits("127.0.0.1", MAX_UNFINISHED)) == MAX_UNFINISHED
    assert len(door.out) == 5


@pytest.mark.parametrize("proved", [True, False])
def test_a_connection_that_finishes_makes_room(proved: bool) -> None:
    door = Door()
    visits = door.visits("192.0.2.1", MAX_UNFINISHED_EACH)
    (door.gate.passed if proved else door.gate.failed)(visits[3], 1.0)
    assert door.enter("192.0.2.1", 1.0)


def test_an_address_whose_connections_keep_failing_waits_twice_as_long_each_time() -> None:
    door, now = Door(), 0.0
    door.fail("192.0.2.1", FREE_FAILURES, now)
    for wait in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_DELAY, LONGEST_DELAY):
        visit = door.enter("192.0.2.1", now)
        assert visit is not None
        assert door.gate.failed(visit, now) == wait
        now += wait
        assert door.enter("192.0.2.1", now - 0.01) is None


def test_a_proof_clears_the_record_and_so_does_time() -> None:
    door = Door()
    door.fail("192.0.2.1", FREE_FAILURES, 0.0)
    visit = door.enter("192.0.2.1", 0.0)
    assert visit is not None
    door.gate.passed(visit, 0.0)
    door.fail("192.0.2.1", FREE_FAILURES, 0.0)
    door.fail("192.0.2.1", FREE_FAILURES, FORGOTTEN_AFTER + 1.0)


def test_all_addresses_of_an_ipv6_network_are_one_source_and_link_local_ones_are_not() -> None:
    door = Door()
    assert sum(bool(door.enter(f"2001:db8::{n:x}")) for n in range(100)) == MAX_UNFINISHED_EACH
    assert sum(bool(door.enter(f"fe80::{n:x}%2")) for n in range(50)) == 50


def test_loopback_is_shared_by_everybody_here_and_never_waits() -> None:
    door = Door()
    door.fail("127.0.0.1", 50, 0.0)
    assert len(door.visits("127.0.0.1", 100)) == 100


def test_memory_for_sources_is_bounded_and_who_is_in_the_door_is_not_forgotten() -> None:
    door = Door()
    door.visits("192.0.2.1", MAX_UNFINISHED_EACH)
    for n in range(3 * MAX_SOURCES):
        door.fail(f"2001:db8:{n:x}::1", 1, float(n))
    assert len(door.gate._sources) == MAX_SOURCES
    assert door.enter("192.0.2.1") is None


def test_any_number_of_addresses_together_get_few_handshakes() -> None:
    door = Door()
    seconds = 100
    entered = 0
    for n in range(seconds * 50):
        visit = door.enter(f"10.0.{n // 250}.{n % 250}", n / 50)
        if visit is not None:
            entered += 1
            door.gate.failed(visit, n / 50)
    assert entered <= NEWCOMERS_BURST + seconds * NEWCOMERS_PER_SECOND


def test_who_was_welcome_comes_in_whatever_crowd_is_at_the_door() -> None:
    door = Door()
    visit = door.enter("192.0.2.1")
    assert visit is not None
    door.gate.passed(visit, 0.0)
    while (stranger := door.enter(f"10.0.0.{len(door.gate._sources)}")) is not None:
        door.gate.failed(stranger, 0.0)
    assert door.enter("192.0.2.1") is not None


def test_an_address_gets_few_handshakes_however_welcome_it_is() -> None:
    door = Door()
    seconds = 100
    entered = 0
    for n in range(seconds * 50):
        visit = door.enter("192.0.2.1", n / 50)
        if visit is not None:
            entered += 1
            door.gate.passed(visit, n / 50)
    assert entered <= VISITS_BURST + seconds * VISITS_PER_SECOND
