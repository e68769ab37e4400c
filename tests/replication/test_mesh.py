"""Whole nodes in one process, on loopback, with real TLS and real multicast DNS."""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import AsyncExitStack
from pathlib import Path

from app.names import PeerSpec, preferred_port
from app.replication.frames import ByeReason
from app.replication.mesh_events import Admission, Verdict
from app.status import PeerPhase
from tests.replication.mesh_node import MeshNode, unique


def pair(folder: Path) -> tuple[MeshNode, MeshNode]:
    """Two nodes that name each other."""
    alice, bob = unique("alice"), unique("bob")
    return (
        MeshNode(alice, [PeerSpec(bob)], folder / "alice"),
        MeshNode(bob, [PeerSpec(alice)], folder / "bob"),
    )


async def test_two_who_name_each_other_meet_by_multicast_and_hold_the_same(tmp_path: Path) -> None:
    alice, bob = pair(tmp_path)
    async with alice.running(), bob.running():
        await asyncio.wrap_future(alice.log.append("hello"))
        await asyncio.wrap_future(bob.log.append("hi"))
        await alice.until_holding(["hello", "hi"])
        await bob.until_holding(["hello", "hi"])
        assert [state.detail for state in alice.states(bob.name)][-1] == "direct connection"


async def test_four_nodes_connect_each_to_each_with_one_session_per_pair(tmp_path: Path) -> None:
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
