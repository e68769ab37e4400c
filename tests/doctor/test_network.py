"""Ports, multicast and peers as the doctor sees them, on loopback beside running nodes."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest

from app.config import Options
from app.doctor import network, peers
from app.doctor.findings import Finding, Grade
from app.names import PeerSpec, name_key, preferred_port
from app.replication.addresses import has_multicast
from tests.replication.mesh_node import MeshNode, unique


def options(me: str, *named: PeerSpec) -> Options:
    return Options(me, Path("/unused"), named, interfaces=("127.0.0.1",))


async def ways(me: str, *named: PeerSpec, pins: dict[str, str] | None = None) -> list[Finding]:
    around = network.surroundings(options(me, *named), None)
    found = await asyncio.to_thread(lambda: list(peers.look(around, pins or {})))
    return [finding for finding in found if finding.area.startswith("peer")]


async def test_a_peer_that_runs_is_heard_and_reached_and_notices_nothing(tmp_path: Path) -> None:
    bob = MeshNode(unique("bob"), [], tmp_path / "bob")
    async with bob.running():
        (found,) = await ways(unique("alice"), PeerSpec(bob.name))
        assert found.grade is Grade.OK
        assert "(announced)" in found.text
        assert "was not known before" in found.text
        known = {name_key(bob.name): bob.identity.fingerprint}
        (found,) = await ways(unique("alice"), PeerSpec(bob.name), pins=known)
        assert found.text.endswith("with the key that is known")
        (found,) = await ways(unique("alice"), PeerSpec(bob.name), pins={name_key(bob.name): "0" * 32})
        assert found.grade is Grade.BAD
        assert bob.phases() == []
        assert bob.notices() == []
        assert bob.asked_about == []


async def test_what_else_may_be_at_a_peers_address_is_told_apart(tmp_path: Path) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        await reader.read(1)
        writer.close()

    def there(port: int | None) -> PeerSpec:
        return PeerSpec(unique("bob"), None, "127.0.0.1", port)

    carol = MeshNode(unique("carol"), [], tmp_path / "carol")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        free = closed.getsockname()[1]
    async with carol.running(), await asyncio.start_server(greet, "127.0.0.1", 0) as server:
        mail = server.sockets[0].getsockname()[1]
        at_carols, at_mail, at_nothing, unheard = await ways(
            unique("alice"), there(carol.mesh.port), there(mail), there(free), PeerSpec(unique("bob"))
        )
    assert f"127.0.0.1:{carol.mesh.port} (as you wrote it): {carol.name} answers there" in at_carols.text
    assert "something else than a chat listens there" in at_mail.text
    assert "nobody listens there" in at_nothing.text
    assert "not heard, and at no address" in unheard.text
    assert {found.grade for found in (at_carols, at_mail, at_nothing, unheard)} == {Grade.BAD}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked")
def test_an_interface_that_passes_no_multicast_on_is_known() -> None:
    assert not has_multicast("lo")
    assert has_multicast("gone0")


def test_who_has_taken_the_own_port_is_named() -> None:
    me = unique("alice")
    around = network.surroundings(options(me), None)
    (found,) = network.own_port(around)
    assert found.grade is Grade.OK
    with socket.create_server(("127.0.0.1", preferred_port(me))):
        (found,) = network.own_port(around)
        assert found.grade is Grade.WARN
        assert f"taken by process {os.getpid()}" in found.text
        (found,) = network.own_port(network.surroundings(options(me), os.getpid()))
        assert found.grade is Grade.OK


def test_what_is_announced_on_loopback_comes_back() -> None:
    (found,) = network.multicast(network.surroundings(options(unique("alice")), None))
    assert found.grade is Grade.OK
    assert "lo (127.0.0.1): out and in" in found.text


def test_an_address_that_this_computer_does_not_have_is_told() -> None:
    around = network.surroundings(Options("alice", Path("/unused"), interfaces=("192.0.2.77",)), None)
    assert [finding.grade for finding in network.interfaces(around)] == [Grade.BAD, Grade.BAD]
