"""Whole nodes in one process, on loopback, with real TLS and real multicast DNS."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, ExitStack, suppress
from pathlib import Path

from app.names import PeerSpec
from app.replication.events import Closed, Waiting
from app.replication.frames import ByeReason
from app.replication.handshake import Role
from app.replication.mesh_events import Admission, Verdict
from app.replication.mesh_gate import MAX_UNFINISHED
from app.replication.mesh_members import MAX_WAITING
from app.replication.transport import Tls
from app.status import PeerPhase
from app.storage import schema
from tests.replication.mesh_node import MeshNode, unique
from tests.replication.tls_end import End, dial

CLAIMING = 0.75  # seconds from a start until the node's name is announced


def pair(folder: Path) -> tuple[MeshNode, MeshNode]:
    """Two nodes that name each other."""
    alice, bob = unique("alice"), unique("bob")
    return (
        MeshNode(alice, [PeerSpec(bob)], folder / "alice"),
        MeshNode(bob, [PeerSpec(alice)], folder / "bob"),
    )


def stranger(folder: Path, name: str) -> MeshNode:
    """A node that names nobody and admits everybody: it is dialled, it dials nobody."""
    node = MeshNode(name, [], folder / name)
    node.admission = lambda _: Admission(Verdict.ADMIT)
    return node


def free_ports(count: int) -> Iterator[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        ports = [listener.getsockname()[1] for listener in taken]
    yield from ports


async def test_two_who_name_each_other_meet_by_multicast_and_hold_the_same(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    async with alice.running(), bob.running():
        await asyncio.wrap_future(alice.log.append("hello"))
        await asyncio.wrap_future(bob.log.append("hi"))
        await alice.until_holding(["hello", "hi"])
        await bob.until_holding(["hello", "hi"])
        assert alice.states(bob.name)[-1].detail == "direct connection"


async def test_entries_that_cannot_be_read_are_told_once_and_cost_only_those_who_want_them(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    async with alice.running():
        for number in range(3):
            await asyncio.wrap_future(alice.log.append(f"message {number}"))
        feed = alice.log.own_feed
        num = alice.log._feeds.by_id(feed).num  # type: ignore[union-attr]
        env = alice.log._env
        env.write(lambda txn: txn.delete(schema.ENTRY_KEY.pack(num, 2), db=env.tables[schema.ENTRIES]))
        async with bob.running():
            await alice.until(lambda: any("cannot be sent all" in notice for notice in alice.notices()))
            await bob.until(lambda: bob.phase(alice.name) is PeerPhase.LOST)
            assert bob.texts() == []
        assert len([notice for notice in alice.notices() if "cannot be sent all" in notice]) == 1


async def test_four_nodes_connect_each_to_each(tmp_path: Path) -> None:
    names = [unique(name) for name in ("alice", "bob", "carol", "dave")]
    nodes = [MeshNode(name, [PeerSpec(other) for other in names if other != name], tmp_path / name) for name in names]
    async with AsyncExitStack() as stack:
        for node in nodes:
            await stack.enter_async_context(node.running())
        for node in nodes:
            await node.until_connected(*(other for other in names if other != node.name))
            await asyncio.wrap_future(node.log.append(f"from {node.name}"))
        for node in nodes:
            await node.until_holding([f"from {name}" for name in names])


async def test_dialling_each_other_at_the_same_moment_leaves_one_connection(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    alice.port, bob.port = free_ports(2)
    alice.peers = [PeerSpec(bob.name, host="127.0.0.1", port=bob.port)]
    bob.peers = [PeerSpec(alice.name, host="127.0.0.1", port=alice.port)]
    async with alice.running(), bob.running():
        await alice.until_connected(bob.name)
        await bob.until_connected(alice.name)
        for n in range(20):  # what was said over a connection that had to go is said again
            await asyncio.wrap_future((alice, bob)[n % 2].log.append(f"line {n}"))
        await alice.until_holding([f"line {n}" for n in range(20)])
        await bob.until_holding([f"line {n}" for n in range(20)])
        await alice.until_connections(1)
        await bob.until_connections(1)
        for node in (alice, bob):
            assert node.phases() == [PeerPhase.CONNECTING, PeerPhase.CONNECTED]


async def test_an_address_that_turns_out_to_be_my_own_is_not_dialled_again(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    (alice.port,) = free_ports(1)
    alice.peers = [PeerSpec(bob.name, host="127.0.0.1", port=alice.port)]
    async with alice.running(), bob.running():
        await alice.until_connected(bob.name)
        await alice.until_connections(1)
        assert {remote.key for remote in alice.asked_about} == {bob.identity.public}


async def test_a_peer_that_comes_back_at_another_port_is_connected_within_two_seconds_of_its_announcement(
    tmp_path: Path,
) -> None:
    bob = stranger(tmp_path, unique("bob"))
    alice = MeshNode(unique("alice"), [PeerSpec(bob.name)], tmp_path / "alice")
    async with alice.running():
        async with bob.running():
            await alice.until_connected(bob.name)
            first_port = bob.mesh.port
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.LOST)
        assert alice.states(bob.name)[-1].detail == ByeReason.LEAVING.sentence
        started = time.monotonic()
        async with bob.running():
            await alice.until_connected(bob.name)
            assert time.monotonic() - started < CLAIMING + 2.0
            assert bob.mesh.port != first_port


async def test_leaving_takes_less_than_a_second(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    async with alice.running():
        async with bob.running():
            await bob.until_connected(alice.name)
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 1.0


async def test_who_is_not_named_waits_until_the_owner_lets_it_in(tmp_path: Path) -> None:
    alice = MeshNode(unique("alice"), [], tmp_path / "alice")
    bob = MeshNode(unique("bob"), [PeerSpec(alice.name)], tmp_path / "bob")
    async with alice.running(), bob.running():
        await asyncio.wrap_future(alice.log.append("not for everybody"))
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.KNOCKING)
        await bob.until(lambda: bob.phase(alice.name) is PeerPhase.KNOCKING)
        assert bob.states(alice.name)[-1].detail == "waiting to be accepted"
        assert bob.texts() == []

        alice.admission = lambda _: Admission(Verdict.ADMIT)
        alice.mesh.reconsider()
        await bob.until_holding(["not for everybody"])
        assert alice.phase(bob.name) is PeerPhase.CONNECTED


async def test_who_is_refused_is_told_why_and_does_not_hammer(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    alice.admission = lambda _: Admission(
        Verdict.REFUSE, "for alice", ByeReason.ANOTHER_KEY, "another key than the pinned one"
    )
    async with alice.running(), bob.running():
        await bob.until(lambda: bob.phase(alice.name) is PeerPhase.REFUSED)
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.REFUSED)
        assert bob.states(alice.name)[-1].detail == "another key than the pinned one"
        alice.mesh.committed([])
        asked = len(alice.asked_about)
        assert asked <= 4  # each may have dialled by multicast and by the preferred port


async def test_who_was_connected_can_be_put_out(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    async with alice.running(), bob.running():
        await alice.until_connected(bob.name)
        await bob.until_connected(alice.name)
        alice.admission = lambda _: Admission(Verdict.REFUSE, told="no longer welcome")
        alice.mesh.reconsider()
        await bob.until(lambda: bob.phase(alice.name) is PeerPhase.REFUSED)
        assert bob.states(alice.name)[-1].detail == "no longer welcome"


async def test_somebody_else_at_the_address_is_left_alone(tmp_path: Path) -> None:
    carol = stranger(tmp_path, unique("carol"))
    async with carol.running():
        alice = MeshNode(
            unique("alice"), [PeerSpec(unique("bob"), host="127.0.0.1", port=carol.mesh.port)], tmp_path / "alice"
        )
        async with alice.running():
            await carol.until(lambda: carol.phase(alice.name) is PeerPhase.REFUSED)
            assert alice.asked_about == []
            assert alice.states(carol.name) == []


async def test_a_taken_port_is_said_and_another_one_found_by_name(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bob.port = taken.getsockname()[1]
        async with alice.running(), bob.running():
            await alice.until_connected(bob.name)
            assert bob.mesh.port != bob.port
            assert any(f"port {bob.port} is taken" in notice for notice in bob.notices())


async def test_strangers_who_say_nothing_or_nonsense_keep_nobody_out(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    async with alice.running():
        port = alice.mesh.port
        assert port is not None
        with ExitStack() as stack:
            silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(40)]
            await alice.until_connections(MAX_UNFINISHED)
            for stream in silent[:-MAX_UNFINISHED]:  # who came later took their places
                stream.settimeout(5)
                assert await asyncio.to_thread(stream.recv, 1) == b""
            async with bob.running():
                await alice.until_connected(bob.name)
            for stream in silent[-MAX_UNFINISHED:]:
                with suppress(OSError):  # bob took the place of one more
                    stream.sendall(b"GET / HTTP/1.0\r\n\r\n")
            await alice.until_connections(0)
        async with bob.running():
            await alice.until_connected(bob.name)


async def test_few_strangers_wait_at_once_and_who_is_named_comes_in_all_the_same(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    async with alice.running():
        assert alice.mesh.port is not None
        tls, ends = Tls(), list[End]()
        for n in range(MAX_WAITING + 1):
            ends.append(End(f"m{n:03}", Role.CLIENT, tls))
            await dial(ends[-1], ("127.0.0.1", alice.mesh.port))
            await ends[-1].until_told(Waiting if n < MAX_WAITING else Closed)
        assert (await ends[-1].until_closed()).reason is ByeReason.BUSY
        async with bob.running():
            await bob.until_connected(alice.name)
        for end in ends:
            end.connection.abort()
            await end.connection.wait_closed()
