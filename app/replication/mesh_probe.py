"""One knock at an address, to learn who answers there; no more is said than a hello, under a key made for it.

The other side takes it for a connection that was cut before it proved anything: nobody is told, nothing is remembered.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterable, Sequence
from enum import Enum

from msgspec import Struct

from app.errors import ProtocolError
from app.identity import Identity, fingerprint
from app.replication import frames
from app.replication.addresses import LocalAddress
from app.replication.candidate import Address
from app.replication.handshake import LocalHello, local_hello
from app.replication.mesh_dialler import connect, in_words
from app.replication.transport import client_context

MAX_FRAME = 4096  # before admission


class Way(Enum):
    """How far a knock came."""

    NOBODY = "nobody listens there"  # the host is there and says so
    SILENT = "no answer"  # the host is off or elsewhere, or something drops what is sent to it
    UNREACHABLE = "no way there"
    NO_TLS = "something else than a chat listens there"
    ANSWERED = "answered"


class Knock(Struct, frozen=True):
    """name, fingerprint: what a chat that answered calls itself, unproved; detail: of an error, or a refusal."""

    way: Way
    name: str = ""
    fingerprint: str = ""
    detail: str = ""


async def knock(
    address: Address, chosen: Sequence[str], present: Iterable[LocalAddress], *, me: str, room: str, seconds: float
) -> Knock:
    """chosen: addresses that may be dialled from, in normal form, empty for all. Never raises what the network does."""
    try:
        async with asyncio.timeout(seconds):
            return await _knock(address, chosen, present, me, room)
    except TimeoutError:
        return Knock(Way.SILENT)


async def _knock(address: Address, chosen: Sequence[str], present: Iterable[LocalAddress], me: str, room: str) -> Knock:
    try:
        stream = await connect(address, chosen, present)
    except ConnectionRefusedError:
        return Knock(Way.NOBODY)
    except TimeoutError:
        return Knock(Way.SILENT)
    except OSError as error:
        return Knock(Way.UNREACHABLE, detail=in_words(error))
    try:
        reader, writer = await asyncio.open_connection(sock=stream, ssl=client_context(), server_hostname="")
    except OSError as error:  # TLS's errors are such
        return Knock(Way.NO_TLS, detail=error.strerror or str(error))
    try:
        local = LocalHello(Identity.generate(), os.urandom(16), os.urandom(8), me, room)
        writer.write(frames.encode(local_hello(local, os.urandom(32))))
        length = frames.frame_length(await reader.readexactly(4), MAX_FRAME)
        answer = frames.decode(await reader.readexactly(length))
    except (OSError, EOFError, ProtocolError) as error:
        return Knock(Way.NO_TLS, detail=str(error))
    finally:
        writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(0.5):
                await writer.wait_closed()
    match answer:
        case frames.Hello(key=key, name=name):
            return Knock(Way.ANSWERED, name, fingerprint(key))
        case frames.Bye(reason, text):
            return Knock(Way.ANSWERED, detail=text or reason.sentence)
    return Knock(Way.NO_TLS, detail="it answered with something else")
