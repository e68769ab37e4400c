"""A connected TCP socket to an address, from an address that may be used for it."""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import ssl
import threading
from collections.abc import Iterable, Sequence

from app.replication.addresses import LocalAddress, is_loopback, open_outgoing, source_for
from app.replication.candidate import Address
from app.text import one_line
from app.way import UNDIALLED

CONNECT_LIMIT = 5.0  # seconds, per IP address
RESOLVE_LIMIT = 10.0
MAX_ADDRESSES = 8  # of one host name
STALE_AFTER = 1.0  # seconds; by then TCP has sent its first packet twice


class SelfConnectionError(OSError):
    """Both ends are the same: TCP connects to itself when the port it dials is the one it was given to dial from."""


class Connecting:
    """The attempts that are under way."""

    def __init__(self) -> None:
        self._limits: dict[object, tuple[Address, float, asyncio.Timeout]] = {}

    async def to(self, address: Address, chosen: Sequence[str], present: Iterable[LocalAddress]) -> socket.socket:
        """As `connect`."""
        attempt = object()
        try:
            async with asyncio.timeout(None) as limit:
                self._limits[attempt] = (address, asyncio.get_running_loop().time(), limit)
                return await connect(address, chosen, present)
        finally:
            del self._limits[attempt]

    def give_up(self, addresses: Iterable[Address] | None = None) -> None:
        """Begin anew what has waited for a second: TCP repeats its first packet ever more rarely, and would go on
        waiting when the other computer is there again. addresses: None for all."""
        now = asyncio.get_running_loop().time()
        for address, since, limit in self._limits.values():
            if limit.expired():  # given up a moment ago, and yet to take its leave: it cannot be told twice
                continue
            if now - since > STALE_AFTER and (addresses is None or address in addresses):
                limit.reschedule(now)


async def connect(address: Address, chosen: Sequence[str], present: Iterable[LocalAddress]) -> socket.socket:
    """chosen: the addresses that may be dialled from, empty for all. Raises OSError (TimeoutError is one)."""
    failure = OSError(f"{address.host} {UNDIALLED}")
    for ip in await _resolve(address.host, chosen):
        source = source_for(ip, chosen, present) if chosen else None
        if chosen and source is None:
            continue
        try:
            async with asyncio.timeout(CONNECT_LIMIT):
                return await _connect(Address(ip, address.port), source)
        except SelfConnectionError:
            raise
        except OSError as error:
            failure = error
    raise failure


def in_words(error: OSError) -> str:
    """What the system says about a dial that failed."""
    if isinstance(error, TimeoutError):
        return "no answer"
    if isinstance(error, ssl.SSLError):  # its numbers are not the system's
        return "another program answers"
    code = error.errno or 0
    said = os.strerror(code) if code > 0 else error.strerror or str(error)  # below zero: a name was not found
    return one_line(said[:1].lower() + said[1:])


async def _connect(target: Address, source: str | None) -> socket.socket:
    stream, where = open_outgoing(target, source)
    try:
        await asyncio.get_running_loop().sock_connect(stream, where)
        if stream.getsockname() == stream.getpeername():
            raise SelfConnectionError("the connection leads back to itself")
    except BaseException:
        stream.close()
        raise
    return stream


async def _resolve(host: str, chosen: Sequence[str]) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    if chosen and all(is_loopback(address) for address in chosen) and host != "localhost":
        return []  # even the question for it would leave this computer
    async with asyncio.timeout(RESOLVE_LIMIT):
        return (await _look_up(host))[:MAX_ADDRESSES]


async def _look_up(host: str) -> list[str]:
    """The IP addresses of a host name.

    In a daemon thread: the loop's executor is waited for at the end of the program, and a name server that does not
    answer holds a look-up for half a minute.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[str]] = loop.create_future()

    def settle(result: list[str] | OSError) -> None:
        if answer.done():
            return
        if isinstance(result, OSError):
            answer.set_exception(result)
        else:
            answer.set_result(result)

    def look_up() -> None:
        result: list[str] | OSError
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            result = list(dict.fromkeys(str(where[0]) for *_, where in found))
        except (OSError, UnicodeError) as error:
            result = error if isinstance(error, OSError) else OSError(f"{host} is no host name")
        try:
            loop.call_soon_threadsafe(settle, result)
        except RuntimeError:
            return  # the program has ended meanwhile

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return await answer
