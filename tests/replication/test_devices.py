"""Nodes of one author find each other: whole nodes in one process, on loopback, with real multicast DNS."""

from __future__ import annotations

import asyncio
from pathlib import Path

from app.names import PeerSpec
from app.replication.handshake import RemotePeer
from app.replication.mesh_events import Admission, Verdict
from app.status import PeerPhase
from tests.replication.mesh_node import MeshNode, unique


def devices(folder: Path) -> tuple[MeshNode, MeshNode]:
    """Two nodes of one author, neither of which names anybody."""
    name = unique("alice")
    desk, phone = MeshNode(name, [], folder / "desk"), MeshNode(name, [], folder / "phone")
    phone.identity = desk.identity
    for node in (desk, phone):
        node.admission = lambda remote: _only(remote, desk.identity.public)
    return desk, phone


def _only(remote: RemotePeer, key: bytes) -> Admission:
    return Admission(Verdict.ADMIT if remote.key == key else Verdict.KNOCK)


async def test_they_meet_without_being_named_and_hold_the_same(tmp_path: Path) -> None:
    desk, phone = devices(tmp_path)
    async with desk.running(), phone.running():
        await asyncio.wrap_future(desk.log.append("at the desk"))
        await asyncio.wrap_future(phone.log.append("on the way"))
        for node in (desk, phone):
            await node.until_holding(["at the desk", "on the way"])
        assert desk.log.own_feed != phone.log.own_feed
        assert desk.log.author == phone.log.author
        await desk.until_connections(1)


async def test_somebody_else_of_my_name_is_neither_dialled_nor_asked(tmp_path: Path) -> None:
    alice, namesake = devices(tmp_path)
    namesake.identity = MeshNode(alice.name, [], tmp_path).identity
    async with alice.running(), namesake.running():
        await alice.until(lambda: any("somebody else here is called" in text for text in alice.notices()))
        await namesake.until(lambda: any("somebody else here is called" in text for text in namesake.notices()))
        assert alice.asked_about == namesake.asked_about == []
        assert alice.mesh.connections == namesake.mesh.connections == 0


async def test_somebody_else_where_my_device_should_be_is_left_alone(tmp_path: Path) -> None:
    alice, namesake = devices(tmp_path)
    namesake.identity = MeshNode(alice.name, [], tmp_path).identity
    async with namesake.running():
        alice.devices = [PeerSpec(alice.name, None, "127.0.0.1", namesake.mesh.port)]
        async with alice.running():
            await namesake.until(lambda: namesake.phase(alice.name) is PeerPhase.REFUSED)
            assert alice.asked_about == []
