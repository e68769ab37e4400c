"""What a node remembers of peers is bounded, whatever number of keys strangers make."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.config import Options
from app.identity import Identity
from app.names import PeerSpec
from app.node import Node
from app.peer_states import MAX_STATES
from app.replication.exchange import Behind, Diverged, Misbehaved, OverQuota
from app.replication.handshake import Role
from app.replication.mesh_events import PeerState
from app.status import Notice, PeerPhase
from app.storage.log import Log
from app.why import Mark
from tests.replication.pairs import Pair

KEYS, FEW = 10_000, 200


@pytest.fixture
def alice(tmp_path: Path) -> Iterator[Node]:
    identity = Identity.generate()
    log = Log.open(tmp_path, identity=identity, name="alice", room="main", wall=lambda: time.time_ns() // 1000)
    yield Node(log, identity, Options("alice", tmp_path, (PeerSpec("bob"),)))
    log.close()


def key(number: int) -> bytes:
    return number.to_bytes(32)


def test_ten_thousand_keys_under_a_name_that_is_looked_for_leave_bounded_state(alice: Node) -> None:
    for number in range(KEYS):
        alice._on_event(PeerState("bob", key(number), PeerPhase.REFUSED))
    assert len(alice.states._states) == MAX_STATES


@pytest.mark.parametrize("phase", [PeerPhase.REFUSED, PeerPhase.LOST])
def test_keys_under_other_names_leave_bounded_state(alice: Node, phase: PeerPhase) -> None:
    for number in range(FEW):
        alice._on_event(PeerState(f"mallory{number}", key(number), phase))
    assert len(alice.states._states) == MAX_STATES


def test_those_who_knock_leave_bounded_state(alice: Node) -> None:
    for number in range(FEW):
        alice._on_event(PeerState(f"mallory{number}", key(number), PeerPhase.KNOCKING))
    assert len(alice.states._states) == MAX_STATES


def test_who_is_connected_is_not_forgotten_for_those_who_are_not(alice: Node) -> None:
    alice._on_event(PeerState("bob", key(KEYS), PeerPhase.CONNECTED))
    for number in range(FEW):
        alice._on_event(PeerState("bob", key(number), PeerPhase.REFUSED))
    assert alice.states._states["bob", key(KEYS)].phase is PeerPhase.CONNECTED


def test_sessions_that_ended_are_forgotten_under_whatever_name(alice: Node) -> None:
    for number in range(20):
        session = Pair.of(f"mallory{number}", "alice").server
        assert session.role is Role.SERVER
        alice._on_event(Behind(session, 1, 1))
        session.receive_eof(0.0)
    assert len(alice.states._traffic) == 1


def test_what_is_brought_beyond_the_quota_and_rules_broken_are_told_once_for_each_bringer(alice: Node) -> None:
    told: list[str] = []
    alice.subscribe(lambda event: told.append(event.text) if isinstance(event, Notice) else None)
    for name in ("mallory", "mallory", "erin"):
        session = Pair.of(name, "alice").server
        alice._on_event(OverQuota(session, "more than 5 feeds are not kept for one peer"))
        alice._on_event(Misbehaved(session, "a forged signature"))
        alice._on_event(Diverged(session, alice.log.own_feed))
    assert told == [
        "not all that mallory brings is kept: more than 5 feeds are not kept for one peer",
        "mallory was sent away: a forged signature",
        "mallory says to hold other messages of yours than this computer",
        "not all that erin brings is kept: more than 5 feeds are not kept for one peer",
        "erin was sent away: a forged signature",
        "erin says to hold other messages of yours than this computer",
    ]


def test_of_whom_not_all_is_kept_the_way_ends_before_level(alice: Node) -> None:
    session = Pair.of("mallory", "alice").server
    assert session.remote is not None
    alice._on_event(OverQuota(session, "more than 5 feeds are not kept for one peer"))
    alice._on_event(PeerState("mallory", session.remote.key, PeerPhase.CONNECTED))
    [(_, steps)] = alice.why("mallory")
    assert (steps[-1].mark, steps[-1].said.partition(".")[0]) == (
        Mark.FAILED,
        "more than 5 feeds are not kept for one peer",
    )
