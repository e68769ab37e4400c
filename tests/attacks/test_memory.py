"""What a stranger's connection takes of this computer's memory, with what asyncio keeps for its TLS."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from app.names import PeerSpec
from app.replication.events import Waiting
from app.replication.handshake import Role
from app.replication.mesh_gate import MAX_UNFINISHED
from app.replication.mesh_members import MAX_WAITING
from app.replication.transport import Tls
from tests.replication.mesh_node import MeshNode, poll, unique
from tests.replication.tls_end import End, dial

ALLOWED = 4 * 1024 * 1024  # bytes for one session with somebody untrusted
OPENSSL = 128 * 1024  # outside Python's count: two records of 16 KiB each way, and its state


@asynccontextmanager
async def alone(tmp_path: Path) -> AsyncIterator[MeshNode]:
    """alice, who looks for somebody else."""
    alice = MeshNode(unique("alice"), [PeerSpec(unique("bob"))], tmp_path / "alice")
    async with alice.running():
        yield alice


def grown(before: int) -> int:
    return tracemalloc.get_traced_memory()[1] - before


async def test_strangers_who_wait_cost_far_less_than_they_may(tmp_path: Path) -> None:
    tls = Tls()
    async with alone(tmp_path) as alice, AsyncExitStack() as closing:
        assert alice.mesh.port is not None
        tracemalloc.start()
        closing.callback(tracemalloc.stop)
        before = tracemalloc.get_traced_memory()[0]
        for number in range(MAX_WAITING):
            end = End(f"st{number:02}", Role.CLIENT, tls)
            await dial(end, ("127.0.0.1", alice.mesh.port))
            closing.callback(end.connection.abort)
            await end.until_told(Waiting)
        both_ends = grown(before) / MAX_WAITING  # of which alice has one
        assert both_ends + OPENSSL < ALLOWED / 2


async def test_connections_that_say_nothing_cost_far_less_than_they_may(tmp_path: Path) -> None:
    async with alone(tmp_path) as alice, AsyncExitStack() as closing:
        assert alice.mesh.port is not None
        tracemalloc.start()
        closing.callback(tracemalloc.stop)
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(MAX_UNFINISHED):
            _, writer = await asyncio.open_connection("127.0.0.1", alice.mesh.port)
            closing.callback(writer.close)
        await poll(lambda: alice.mesh.connections == MAX_UNFINISHED)
        assert grown(before) / MAX_UNFINISHED + OPENSSL < ALLOWED / 2
