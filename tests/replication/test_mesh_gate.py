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
    Gate,
)


def entered(gate: Gate, address: str, times: int, now: float = 0.0) -> int:
    return sum(gate.enter(address, now) for _ in range(times))


def fail(gate: Gate, address: str, times: int, now: float) -> None:
    for _ in range(times):
        assert gate.enter(address, now)
        gate.failed(address, now)


def test_one_address_may_have_few_unfinished_connections_and_all_together_not_many() -> None:
    gate = Gate()
    assert entered(gate, "192.0.2.1", 100) == MAX_UNFINISHED_EACH
    assert sum(entered(gate, f"192.0.2.{n}", 100) for n in range(2, 20)) == MAX_UNFINISHED - MAX_UNFINISHED_EACH


@pytest.mark.parametrize("proved", [True, False])
def test_a_connection_that_finishes_makes_room(proved: bool) -> None:
    gate = Gate()
    entered(gate, "192.0.2.1", MAX_UNFINISHED_EACH)
    (gate.passed if proved else gate.failed)("192.0.2.1", 1.0)
    assert gate.enter("192.0.2.1", 1.0)


def test_an_address_whose_connections_keep_failing_waits_twice_as_long_each_time() -> None:
    gate, now = Gate(), 0.0
    fail(gate, "192.0.2.1", FREE_FAILURES, now)
    for wait in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, LONGEST_DELAY, LONGEST_DELAY):
        fail(gate, "192.0.2.1", 1, now)
        now += wait
        assert not gate.enter("192.0.2.1", now - 0.01)


def test_a_proof_clears_the_record_and_so_does_time() -> None:
    gate = Gate()
    fail(gate, "192.0.2.1", FREE_FAILURES, 0.0)
    assert gate.enter("192.0.2.1", 0.0)
    gate.passed("192.0.2.1", 0.0)
    fail(gate, "192.0.2.1", FREE_FAILURES, 0.0)
    fail(gate, "192.0.2.1", FREE_FAILURES, FORGOTTEN_AFTER + 1.0)


def test_all_addresses_of_an_ipv6_network_are_one_source_and_link_local_ones_are_not() -> None:
    gate = Gate()
    assert sum(gate.enter(f"2001:db8::{n:x}", 0.0) for n in range(100)) == MAX_UNFINISHED_EACH
    assert sum(gate.enter(f"fe80::{n:x}%2", 0.0) for n in range(100)) == MAX_UNFINISHED - MAX_UNFINISHED_EACH


def test_loopback_is_shared_by_everybody_here_and_never_waits() -> None:
    gate = Gate()
    fail(gate, "127.0.0.1", 50, 0.0)
    assert entered(gate, "127.0.0.1", 100) == MAX_UNFINISHED


def test_memory_for_sources_is_bounded() -> None:
    gate = Gate()
    for n in range(3 * MAX_SOURCES):
        fail(gate, f"2001:db8:{n:x}::1", 1, 0.0)
    assert len(gate._sources) == MAX_SOURCES
