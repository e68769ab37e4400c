"""Who breaks a rule over a real connection is sent away with a reason and a line in the log, and not let in at once."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.names import PeerSpec
from app.replication.events import Admitted, Authenticated
from app.replication.frames import ByeReason
from app.replication.handshake import Role
from app.status import PeerPhase
from tests.feeds import TestAuthor
from tests.replication.mesh_node import MeshNode, unique
from tests.replication.tls_end import End, dial


async def let_in(end: End, alice: MeshNode) -> None:
    assert alice.mesh.port is not None
    await dial(end, ("127.0.0.1", alice.mesh.port))
    await end.until_told(Authenticated)
    end.session.admit(True)
    end.connection.pump()
    await end.until_told(Admitted)


def chat(tmp_path: Path) -> tuple[MeshNode, MeshNode]:
    alice, bob = unique("alice"), unique("bob")
    return (
        MeshNode(alice, [PeerSpec(bob), PeerSpec("mall")], tmp_path / "alice"),
        MeshNode(bob, [PeerSpec(alice)], tmp_path / "bob"),
    )


async def test_who_breaks_a_rule_is_sent_away_told_why_logged_and_not_let_in_for_a_while(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob = chat(tmp_path)
    mallory = End("mall", Role.CLIENT)
    with caplog.at_level(logging.WARNING, "app"):
        async with alice.running(), bob.running():
            await alice.until_connected(bob.name)
            await let_in(mallory, alice)
            mallory.session.send_runs(7, [], True)  # an answer to what nobody asked
            mallory.connection.flush()
            closed = await mallory.until_closed()
            assert closed.reason is ByeReason.RULE_BROKEN
            assert closed.text == "an answer to what was not asked"
            again = End("mall", Role.CLIENT, identity=mallory.identity)
            assert alice.mesh.port is not None
            await dial(again, ("127.0.0.1", alice.mesh.port))
            assert (await again.until_closed()).reason is ByeReason.BUSY
            bob.log.append("still here").result()
            await alice.until_holding(["still here"])
            assert alice.phase(bob.name) is PeerPhase.CONNECTED
    assert "mall" in caplog.text
    assert closed.text in caplog.text
    assert "still here" not in caplog.text


async def test_a_forged_signature_is_a_rule_broken_and_nothing_of_it_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alice, bob = chat(tmp_path)
    mallory, author = End("mall", Role.CLIENT), TestAuthor("mall")
    author.entries(["invented"])
    run = author.run()
    with caplog.at_level(logging.WARNING, "app"):
        async with alice.running(), bob.running():
            await alice.until_connected(bob.name)
            await let_in(mallory, alice)
            mallory.session.announce([(author.feed, author.head)], True)
            mallory.session.send_runs(0, [type(run)(run.feed, 1, run.before, run.entries, bytes(64))], True)
            mallory.connection.flush()
            assert "signature" in (await mallory.until_closed()).text
            assert author.feed not in alice.log.frontier()
            assert alice.phase(bob.name) is PeerPhase.CONNECTED
    assert "signature" in caplog.text
    assert "invented" not in caplog.text


async def test_who_comes_again_under_another_name_is_connected_under_that_one_only(tmp_path: Path) -> None:
    alice = MeshNode(unique("alice"), [PeerSpec("anna"), PeerSpec("berta")], tmp_path / "alice")
    first = End("anna", Role.CLIENT)
    second = End("anna", Role.CLIENT, identity=first.identity)
    second.connection._local = replace(second.connection._local, name="berta")
    async with alice.running():
        await let_in(first, alice)
        await let_in(second, alice)
        await first.until_closed()
        run = alice.mesh._run
        assert run is not None
        assert [name for name in ("anna", "berta") if run._roster.is_connected(name)] == ["berta"]
        second.connection.abort()
