"""1,000 connections that come and go, in every state of becoming one: the program takes no more for it, and serves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from random import Random

from app.names import preferred_port
from app.replication.candidate import Address
from app.replication.mesh_probe import knock
from app.replication.transport import client_context
from tests.end_to_end.terminal import Household
from tests.faults.process import Taken, taken_by
from tests.faults.tries import Say, count_failures

VISITS = 1_000
AT_ONCE = 20
MAX_GROWTH = 16 * 1024  # KiB; 32 may stand in the door at once with 300 KiB each, and each visit once left as much


def come_and_go(base: Path, dice: Random, visits: int = VISITS) -> tuple[Taken, Taken]:
    """What alice's program takes before and after. Raises AssertionError."""
    household = Household(base)
    alice, bob = household.name("alice"), household.name("bob")
    try:
        at_alice = household.lines(alice, bob)
        at_bob = household.lines(bob, alice)
        at_bob.type("before")
        at_alice.wait_for(f"{bob}> before")
        port = preferred_port(alice)
        asyncio.run(_visit(port, visits, dice))  # buffers of the busiest moment are there by then
        at_bob.type("warm")
        at_alice.wait_for(f"{bob}> warm")
        before = taken_by(at_alice.process.pid)
        asyncio.run(_visit(port, visits, dice))
        at_bob.type("after")
        at_alice.wait_for(f"{bob}> after")
        after = taken_by(at_alice.process.pid)
        assert after.descriptors <= before.descriptors + 2, (before, after)
        assert after.threads <= before.threads + 1, (before, after)
        assert after.memory <= before.memory + MAX_GROWTH, (before, after)
        assert (at_bob.end(), at_alice.end()) == (0, 0)
        return before, after
    finally:
        household.close()


async def _visit(port: int, visits: int, dice: Random) -> None:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(kind: int) -> None:
        async with gate:
            try:
                async with asyncio.timeout(10):
                    await _connect(port, kind)
            except (OSError, TimeoutError):
                pass  # turned away, which is one way to go

    await asyncio.gather(*(one(dice.randrange(4)) for _ in range(visits)))


async def _connect(port: int, kind: int) -> None:
    address = Address("127.0.0.1", port)
    match kind:
        case 0:  # TCP alone
            _, writer = await asyncio.open_connection(address.host, port)
        case 1:  # half a TLS record
            _, writer = await asyncio.open_connection(address.host, port)
            writer.write(b"\x16\x03\x01\x02\x00\x01")
        case 2:  # TLS, and then nothing
            _, writer = await asyncio.open_connection(address.host, port, ssl=client_context(), server_hostname="")
        case _:  # a hello, and no proof
            await knock(address, (), (), me="carol", room="main", seconds=5.0)
            return
    writer.close()
    await writer.wait_closed()


def run(times: int, first: int, say: Say) -> int:
    def one_try(base: Path, seed: int) -> None:
        before, after = come_and_go(base, Random(seed))
        say(f"{seed}: {before} before, {after} after {VISITS:,} visits")

    return count_failures(times, first, say, one_try)
