"""Multicast DNS on loopback: what a node says, what it hears, and what it makes of strangers' records."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from zeroconf import ServiceInfo
from zeroconf.asyncio import AsyncZeroconf

from app.identity import Identity
from app.names import name_key
from app.replication.addresses import LocalAddress
from app.replication.candidate import Address, Candidate
from app.replication.discovery import Discovery
from app.replication.discovery_records import MAX_ADDRESSES, SERVICE
from tests.replication.mesh_node import unique

LOOPBACK = LocalAddress("127.0.0.1", 8, "lo", up=True)


@dataclass
class Ear:
    """One discovery, and what it said."""

    name: str
    wanted: set[str] = field(default_factory=set)
    node: bytes = field(default_factory=lambda: os.urandom(16))
    fingerprint: str = field(default_factory=lambda: Identity.generate().fingerprint)
    room: str = "main"
    present: list[LocalAddress] = field(default_factory=lambda: [LOOPBACK])
    candidates: dict[str, Candidate] = field(default_factory=dict)
    times_heard: int = 0
    notices: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._changed = asyncio.Event()
        self.discovery = Discovery(
            self,
            name=self.name,
            room=self.room,
            fingerprint=self.fingerprint,
            node=self.node,
            chosen=["127.0.0.1", "127.0.0.2"],
            local_addresses=lambda: self.present,
        )

    @asynccontextmanager
    async def announcing(self, port: int) -> AsyncIterator[Ear]:
        task = asyncio.create_task(self.discovery.run(port))
        try:
            yield self
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def until(self, happened: Callable[[], bool]) -> None:
        async with asyncio.timeout(15):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    def ports(self) -> set[int]:
        return {address.port for candidate in self.candidates.values() for address in candidate.addresses}

    # What discovery asks and says.

    def needs(self, name: str) -> bool:
        return self.wants(name)

    def wants(self, name: str) -> bool:
        return name_key(name) in {name_key(wanted) for wanted in self.wanted}

    def heard(self, candidate: Candidate) -> None:
        self.candidates[candidate.instance] = candidate
        self.times_heard += 1
        self._changed.set()

    def gone(self, instance: str) -> None:
        del self.candidates[instance]
        self._changed.set()

    def notice(self, text: str) -> None:
        self.notices.append(text)
        self._changed.set()


@asynccontextmanager
async def raw_service(instance: str, properties: dict[str, str | bytes], **more: object) -> AsyncIterator[None]:
    """Records that no chat-tui would make."""
    responder = AsyncZeroconf(interfaces=["127.0.0.1"])
    details: dict[str, object] = {"port": 4000, "server": f"{instance}.local.", "parsed_addresses": ["127.0.0.1"]}
    info = ServiceInfo(SERVICE, f"{instance}.{SERVICE}", properties=properties, **{**details, **more})  # type: ignore[arg-type]
    await responder.async_register_service(info, cooperating_responders=True)
    try:
        yield
    finally:
        await responder.async_close()


async def test_a_wanted_name_is_heard_with_everything_that_helps_to_choose_and_gone_after_its_goodbye() -> None:
    bob = Ear(unique("bob"))
    alice = Ear(unique("alice"), {bob.name})
    async with alice.announcing(1111):
        async with bob.announcing(2222):
            await alice.until(lambda: bool(alice.candidates))
            assert list(alice.candidates.values()) == [
                Candidate(
                    f"{bob.name}.{SERVICE}",
                    bob.name,
                    "main",
                    bob.fingerprint,
                    bob.node,
                    (Address("127.0.0.1", 2222),),
                )
            ]
            leaving = time.monotonic()
        assert time.monotonic() - leaving < 1.0
        await alice.until(lambda: not alice.candidates)


async def test_who_comes_later_hears_who_was_there() -> None:
    bob = Ear(unique("bob"))
    alice = Ear(unique("alice"), {bob.name})
    carol = Ear(unique("carol"), {bob.name})
    async with bob.announcing(2222), alice.announcing(1111):
        await alice.until(lambda: bool(alice.candidates))
        async with carol.announcing(3333):
            await carol.until(lambda: carol.ports() == {2222})


async def test_a_restart_at_another_port_is_heard_as_a_change() -> None:
    bob = Ear(unique("bob"))
    alice = Ear(unique("alice"), {bob.name})
    async with alice.announcing(1111):
        async with bob.announcing(2222):
            await alice.until(lambda: alice.ports() == {2222})
        async with Ear(bob.name, node=bob.node, fingerprint=bob.fingerprint).announcing(2223):
            await alice.until(lambda: alice.ports() == {2223})


async def test_an_announcement_that_says_nothing_new_is_heard_again() -> None:
    bob = unique("bob")
    alice = Ear(unique("alice"), {bob})
    properties: dict[str, str | bytes] = {"name": bob, "room": "main"}
    async with alice.announcing(1111):
        responder = AsyncZeroconf(interfaces=["127.0.0.1"])
        info = ServiceInfo(
            SERVICE, f"{bob}.{SERVICE}", 4000, properties=properties, server="b.local.", parsed_addresses=["127.0.0.1"]
        )
        await (await responder.async_register_service(info, cooperating_responders=True))
        await alice.until(lambda: alice.times_heard > 0)
        heard = alice.times_heard
        async with asyncio.timeout(15):
            while alice.times_heard == heard:  # zeroconf drops packets that come again within 0.8 s
                await (await responder.async_update_service(info))
        await responder.async_close()


async def test_an_address_that_changes_is_announced_anew() -> None:
    bob = Ear(unique("bob"))
    alice = Ear(unique("alice"), {bob.name})
    async with alice.announcing(1111), bob.announcing(2222):
        await alice.until(lambda: bool(alice.candidates))
        both = {"127.0.0.1", "127.0.0.2"}
        bob.present = [LOOPBACK, LocalAddress("127.0.0.2", 8, "lo", up=True)]
        bob.discovery.network_changed()
        await alice.until(lambda: {address.host for c in alice.candidates.values() for address in c.addresses} == both)


async def test_a_second_alice_gets_an_instance_of_her_own_and_both_are_told() -> None:
    name = unique("alice")
    first, second = Ear(name, {name}), Ear(name, {name})
    async with first.announcing(1111):
        await first.until(lambda: True)
        bob = Ear(unique("bob"), {name})
        async with bob.announcing(3333):
            await bob.until(lambda: bob.ports() == {1111})
            async with second.announcing(2222):
                await bob.until(lambda: bob.ports() == {1111, 2222})
                assert {candidate.instance for candidate in bob.candidates.values()} == {
                    f"{name}.{SERVICE}",
                    f"{name}-{second.node.hex()[:4]}.{SERVICE}",
                }
                await first.until(lambda: bool(first.notices))
                await second.until(lambda: bool(second.notices))
    assert len(first.notices) == len(second.notices) == 1
    assert f"somebody else here is called {name}" in first.notices[0]


async def test_the_same_key_on_another_device_is_told_as_such() -> None:
    first = Ear(unique("alice"))
    second = Ear(first.name, fingerprint=first.fingerprint)
    async with first.announcing(1111), second.announcing(2222):
        await first.until(lambda: bool(first.notices))
    assert "on another device too" in first.notices[0]


async def test_a_copy_of_the_data_folder_in_use_elsewhere_is_told_to_both() -> None:
    first = Ear(unique("alice"))
    copy = Ear(first.name, node=first.node, fingerprint=first.fingerprint)
    bob = Ear(unique("bob"), {first.name})
    async with first.announcing(1111), bob.announcing(3333):
        await bob.until(lambda: bob.ports() == {1111})
        assert not first.notices  # its own announcement is no copy
        async with copy.announcing(2222):
            await first.until(lambda: bool(first.notices))
            await copy.until(lambda: bool(copy.notices))
    assert "a copy of your data folder is in use at 127.0.0.1:2222" in first.notices[0]
    assert "127.0.0.1:1111" in copy.notices[0]


async def test_two_who_claim_one_name_at_the_same_moment_end_with_two_instances() -> None:
    name = unique("alice")
    first, second = Ear(name, node=b"\x01" * 16), Ear(name, node=b"\x02" * 16)
    bob = Ear(unique("bob"), {name})
    async with bob.announcing(3333), first.announcing(1111), second.announcing(2222):
        await bob.until(
            lambda: (
                {(c.instance, a.port) for c in bob.candidates.values() for a in c.addresses}
                == {(f"{name}.{SERVICE}", 1111), (f"{name}-0202.{SERVICE}", 2222)}
            )
        )


async def test_records_that_name_nobody_are_passed_over() -> None:
    bob = Ear(unique("bob"))
    alice = Ear(unique("alice"), {bob.name, "-no"})
    nobody: list[dict[str, str | bytes]] = [
        {},
        {"room": "main"},
        {"name": "-no", "room": "main"},
        {"name": b"\xff\xfe", "room": "main"},
        {"name": f"\x1b[31m{bob.name}", "room": "main"},
        {"name": bob.name, "room": "../garden"},
    ]
    async with AsyncExitStack() as stack:
        for properties in nobody:
            await stack.enter_async_context(raw_service(unique("odd"), properties))
        async with alice.announcing(1111), bob.announcing(2222):
            await alice.until(lambda: bool(alice.candidates))
            assert alice.ports() == {2222}


async def test_what_a_stranger_may_announce_is_bounded_and_what_makes_no_sense_left_out() -> None:
    bob = unique("bob")
    alice = Ear(unique("alice"), {bob})
    addresses = ["224.0.0.1", "0.0.0.0", "fe80::1", *(f"127.0.1.{n}" for n in range(40))]  # noqa: S104
    properties: dict[str, str | bytes] = {"name": bob, "room": "main", "fp": "not a fingerprint"}
    async with alice.announcing(1111), raw_service(unique("odd"), properties, parsed_addresses=addresses):
        await alice.until(lambda: bool(alice.candidates))
        (candidate,) = alice.candidates.values()
        assert candidate.node is None
        assert candidate.fingerprint is None
        assert len(candidate.addresses) == MAX_ADDRESSES
        assert all(address.host.startswith("127.0.1.") for address in candidate.addresses)


async def test_without_its_interface_it_says_so_once_and_goes_on_when_it_comes() -> None:
    bob = Ear(unique("bob"), present=[])
    alice = Ear(unique("alice"), {bob.name})
    async with alice.announcing(1111), bob.announcing(2222):
        await bob.until(lambda: bool(bob.notices))
        bob.present = [LOOPBACK]
        bob.discovery.network_changed()
        await alice.until(lambda: alice.ports() == {2222})
        assert len(bob.notices) == 1
