"""Connections that are being made, given up in favour of another attempt."""

from __future__ import annotations

import asyncio
import errno
import socket
import ssl
from collections.abc import Iterator

import pytest

from app.replication import mesh_dialler
from app.replication.candidate import Address
from app.replication.mesh_dialler import Connecting, in_words


@pytest.fixture
def silent() -> Iterator[Address]:
    """An address at which nobody answers: its queue is full, so that the system drops what comes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(address)
            yield Address(*address)
        finally:
            for one in waiting:
                one.close()


async def test_an_attempt_can_be_given_up_by_two_announcements_in_a_row(
    silent: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mesh_dialler, "STALE_AFTER", -1.0)
    connecting = Connecting()
    attempt = asyncio.create_task(connecting.to(silent, (), ()))
    await asyncio.sleep(0)  # it has begun
    await asyncio.sleep(0)
    connecting.give_up([silent])
    await asyncio.sleep(0)  # the timer of the first fires, and the attempt has yet to hear of it
    connecting.give_up([silent])
    connecting.give_up()
    with pytest.raises(TimeoutError):
        await attempt


def test_what_speaks_no_tls_is_another_program() -> None:
    assert in_words(ssl.SSLError(1, "wrong version number")) == "another program answers"
    assert in_words(OSError(errno.ECONNREFUSED, "")) == "connection refused"
