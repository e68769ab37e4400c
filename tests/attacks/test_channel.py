"""Somebody who wants to be taken for alice or bob: replays, reflections, relays, and whatever is weaker."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from app.names import PeerSpec
from app.replication import frames
from app.replication.events import Admitted, Authenticated, Closed, Event
from app.replication.frames import Auth, ByeReason, Hello
from app.replication.handshake import Role
from app.replication.session import HANDSHAKE_SECONDS, Session
from app.replication.transport import Tls
from app.status import PeerPhase
from tests.replication.mesh_node import MeshNode, poll, unique
from tests.replication.pairs import BINDING, Pair, hello_of, identity_of, session_of
from tests.replication.test_transport import copy, listening, the_loop, with_movable_clock
from tests.replication.tls_end import End, dial

MALLORY = sha256(b"mallory's certificate").digest()


def body(data: bytes) -> bytes:
    return data[frames.LENGTH_BYTES :]


def taken_in(events: list[Event]) -> bool:
    return any(isinstance(event, Authenticated | Admitted) for event in events)


def closed(events: list[Event]) -> Closed:
    (found,) = [event for event in events if isinstance(event, Closed)]
    return found


def fresh(name: str, role: Role, nonce: bytes, binding: bytes = BINDING) -> Session:
    return Session(role, hello_of(name), binding, nonce=nonce.ljust(32), now=0.0)


# Replayed


def test_a_whole_recorded_conversation_played_to_bob_again_proves_nothing() -> None:
    alice, bob = fresh("alice", Role.CLIENT, b"1"), fresh("bob", Role.SERVER, b"1")
    recorded = alice.take_output()
    bob.receive(recorded, 0.0)
    alice.receive(bob.take_output(), 0.0)
    recorded += alice.take_output()
    again = fresh("bob", Role.SERVER, b"2")

    events = again.receive(recorded, 0.0)

    assert closed(events).reason is ByeReason.RULE_BROKEN
    assert not taken_in(events)


def test_a_whole_recorded_conversation_played_to_alice_again_proves_nothing() -> None:
    alice, bob = fresh("alice", Role.CLIENT, b"1"), fresh("bob", Role.SERVER, b"1")
    bob.receive(alice.take_output(), 0.0)
    recorded = bob.take_output()
    alice.receive(recorded, 0.0)
    bob.receive(alice.take_output(), 0.0)
    recorded += bob.take_output()

    events = fresh("alice", Role.CLIENT, b"2").receive(recorded, 0.0)

    assert closed(events).reason is ByeReason.RULE_BROKEN
    assert not taken_in(events)


# Reflected


def test_what_alice_says_is_not_taken_for_an_answer() -> None:
    alice = session_of("alice", Role.CLIENT)
    assert closed(alice.receive(alice.take_output(), 0.0)).reason is ByeReason.SELF


def test_a_proof_that_comes_back_under_another_node_is_not_taken_for_an_answer() -> None:
    alice = session_of("alice", Role.CLIENT)
    hello = frames.decode(body(alice.take_output()))
    assert isinstance(hello, Hello)
    alice.receive(frames.encode(replace(hello, node=bytes(16))), 0.0)  # as another device of hers
    events = alice.receive(alice.take_output(), 0.0)
    assert closed(events).reason is ByeReason.RULE_BROKEN
    assert not taken_in(events)


def test_two_connections_to_alice_cannot_be_made_to_answer_each_other() -> None:
    first, second = fresh("alice", Role.SERVER, b"1"), fresh("alice", Role.SERVER, b"2")
    dialled = fresh("alice", Role.CLIENT, b"3")
    first.receive(dialled.take_output(), 0.0)
    events = second.receive(first.take_output(), 0.0)
    assert closed(events).reason is ByeReason.SELF


# Relayed through somebody who is admitted


def test_mallory_whom_both_have_admitted_cannot_pass_on_the_one_s_proof_to_the_other() -> None:
    # Alice dials mallory, mallory dials bob and passes everything on: two channels, two bindings.
    alice = fresh("alice", Role.CLIENT, b"1", MALLORY)
    bob = fresh("bob", Role.SERVER, b"2")
    bob.receive(alice.take_output(), 0.0)
    alice.receive(bob.take_output(), 0.0)
    events = bob.receive(alice.take_output(), 0.0)
    assert closed(events).reason is ByeReason.RULE_BROKEN
    assert not taken_in(events)
    assert not taken_in(alice.receive(bob.take_output(), 0.0))


@pytest.mark.parametrize("changed", ["key", "node", "run", "name", "room", "versions", "nonce"])
def test_no_field_of_a_hello_can_be_another_at_the_other_end(changed: str) -> None:
    """Unknown key share and downgrade: what the two believe of each other is what both sign."""
    others: dict[str, Any] = {
        "key": identity_of("mallory").public,
        "node": b"n" * 16,
        "run": b"r" * 8,
        "name": "mallory",
        "room": "MAIN",
        "versions": (1, 0),
        "nonce": b"x" * 32,
    }
    alice, bob = session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER)
    hello = frames.decode(body(alice.take_output()))
    assert isinstance(hello, Hello)
    bob.receive(frames.encode(replace(hello, **{changed: others[changed]})), 0.0)
    alice.receive(bob.take_output(), 0.0)
    events = bob.receive(alice.take_output(), 0.0)
    assert closed(events).reason is ByeReason.RULE_BROKEN
    assert not taken_in(events)


def test_mallory_cannot_put_her_key_to_alice_s_proof() -> None:
    alice, bob = session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER)
    hello = frames.decode(body(alice.take_output()))
    assert isinstance(hello, Hello)
    mallory = identity_of("mallory")
    bob.receive(frames.encode(replace(hello, key=mallory.public)), 0.0)
    alice.receive(bob.take_output(), 0.0)
    proof = frames.decode(body(alice.take_output()))
    assert isinstance(proof, Auth)
    for signature in (proof.signature, bytes(64), mallory.sign(b"anything")):
        again = session_of("bob", Role.SERVER)
        again.receive(frames.encode(replace(hello, key=mallory.public)), 0.0)
        assert not taken_in(again.receive(frames.encode(Auth(signature)), 0.0))


def test_a_proof_is_no_checkpoint_and_a_checkpoint_no_proof() -> None:
    from app.entry import checkpoint_message
    from app.replication.handshake import Transcript

    alice = identity_of("alice")
    proof = Transcript(b"c", b"s", BINDING)
    checkpoint = checkpoint_message(bytes(32), 1, bytes(32))
    assert not proof.is_signed_by(alice.public, Role.CLIENT, alice.sign(checkpoint))


# Weaker than it could be


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"versions": ()}, ByeReason.NO_COMMON_VERSION),
        ({"versions": (0, 2)}, ByeReason.NO_COMMON_VERSION),
        ({"transport": "plain"}, ByeReason.RULE_BROKEN),
        ({"transport": ""}, ByeReason.RULE_BROKEN),
    ],
)
def test_no_other_version_or_transport_is_agreed_on(change: dict[str, Any], reason: ByeReason) -> None:
    hello = frames.decode(body(session_of("alice", Role.CLIENT).take_output()))
    assert isinstance(hello, Hello)
    bob = session_of("bob", Role.SERVER)
    assert closed(bob.receive(frames.encode(replace(hello, **change)), 0.0)).reason is reason


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2])
async def test_neither_side_speaks_older_tls(version: ssl.TLSVersion) -> None:
    tls = Tls()
    assert tls.server.minimum_version is tls.client.minimum_version is ssl.TLSVersion.TLSv1_3
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    old.maximum_version = version
    old.set_ciphers("aNULL:ALL:@SECLEVEL=0")
    client = End("alic", Role.CLIENT, tls)
    async with await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=old) as server:
        with pytest.raises(OSError):  # noqa: PT011  an alert or a reset, whichever is read first
            await dial(client, server.sockets[0].getsockname())
    assert client.connection.session is None


async def test_no_session_can_be_resumed_and_no_early_data_sent() -> None:
    tls = Tls()
    assert tls.server.num_tickets == 0


# In the middle, on a real connection

Tamper = Callable[[bytes], bytes]


@asynccontextmanager
async def middle(host: str, port: int, tls: Tls, tamper: Tamper) -> AsyncIterator[tuple[str, int]]:
    """An address behind which mallory terminates TLS towards both and passes on what `tamper` makes of it."""
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        onward_reader, onward_writer = await asyncio.open_connection(host, port, ssl=tls.client)
        for source, target in ((reader, onward_writer), (onward_reader, writer)):
            tasks.add(asyncio.create_task(_tampered(source, target, tamper)))

    async with await asyncio.start_server(pass_on, "127.0.0.1", 0, ssl=tls.server) as server:
        yield server.sockets[0].getsockname()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _tampered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tamper: Tamper) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(tamper(data))
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


def altered(data: bytes) -> bytes:
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize(
    "tamper", [lambda data: data, altered, lambda data: data + data], ids=["relays", "alters", "replays"]
)
async def test_who_terminates_tls_in_the_middle_is_believed_by_nobody(tamper: Tamper) -> None:
    alice, bob = End("alic", Role.CLIENT), End("bobb", Role.SERVER)
    async with listening(bob) as (host, port), middle(host, port, Tls(), tamper) as entrance:
        await dial(alice, entrance)
        await bob.until_closed()
        await alice.until_closed()
    assert not taken_in(alice.events + bob.events)


async def test_who_alters_the_encrypted_bytes_only_cuts_the_connection() -> None:
    alice, bob = End("alic", Role.CLIENT), End("bobb", Role.SERVER)

    async def spoil(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            writer.write(await reader.read(65536))  # how TLS begins
            while data := await reader.read(65536):
                writer.write(altered(data))
        except OSError:
            pass
        finally:
            writer.close()

    tasks: set[asyncio.Task[None]] = set()
    whole = asyncio.Event()
    whole.set()
    async with listening(bob) as (host, port):

        async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            onward_reader, onward_writer = await asyncio.open_connection(host, port)
            tasks.add(asyncio.create_task(spoil(reader, onward_writer)))
            tasks.add(asyncio.create_task(copy(onward_reader, writer, whole)))

        async with await asyncio.start_server(pass_on, "127.0.0.1", 0) as server:
            await dial(alice, server.sockets[0].getsockname())
            assert (await alice.until_closed()).reason is None
            await asyncio.gather(*tasks, return_exceptions=True)
    assert not taken_in(alice.events + bob.events)


async def test_who_has_bob_s_name_but_not_his_key_learns_nothing_and_is_refused(tmp_path: Path) -> None:
    """The mesh end to end: alice has met bob; mallory answers at his address under his name."""
    bob = unique("bob")
    alice = MeshNode(unique("alice"), [PeerSpec(bob, fingerprint="0" * 32, host=None, port=None)], tmp_path / "alice")
    mallory = MeshNode(bob, [PeerSpec(alice.name)], tmp_path / "mallory")
    from app.replication.mesh_events import Admission, Verdict

    alice.admission = lambda _: Admission(Verdict.REFUSE, "another key", ByeReason.ANOTHER_KEY, "another key")
    async with alice.running(), mallory.running():
        alice.log.append("for bob only").result()
        await alice.until(lambda: alice.phase(bob) is PeerPhase.REFUSED)
        assert "for bob only" not in mallory.texts()


# Unfinished


@pytest.mark.parametrize("stage", ["nothing", "half a hello", "a hello"])
def test_who_does_not_finish_is_gone_after_ten_seconds(stage: str) -> None:
    bob = session_of("bob", Role.SERVER)
    hello = session_of("alice", Role.CLIENT).take_output()
    for at in range(9):  # a byte now and then gains no time
        bob.receive({"nothing": b"", "half a hello": hello[at : at + 1], "a hello": b"" if at else hello}[stage], at)
    assert bob.timer(HANDSHAKE_SECONDS - 0.01) == []
    assert closed(bob.timer(HANDSHAKE_SECONDS)).reason is ByeReason.TIMED_OUT


def test_tls_and_the_handshake_have_ten_seconds_together() -> None:
    async def run() -> None:
        bob, tls = End("bobb", Role.SERVER), Tls()
        async with listening(bob) as address:
            stream = socket.create_connection(address)
            stream.setblocking(False)
            await poll(lambda: bob.connection.began_at > 0)
            await the_loop().move(HANDSHAKE_SECONDS - 1)
            _, writer = await asyncio.open_connection(sock=stream, ssl=tls.client, server_hostname="")
            await the_loop().move(1.1)
            assert (await bob.until_closed()).reason is ByeReason.TIMED_OUT
            writer.close()

    with_movable_clock(run())


def test_two_honest_ones_still_meet() -> None:
    pair = Pair(session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER))
    pair.exchange_bytes()
    assert taken_in(pair.events[pair.client])
    assert taken_in(pair.events[pair.server])
