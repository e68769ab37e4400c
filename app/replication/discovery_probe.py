"""Multicast DNS tried out: whether what is said on an interface comes back, and who is heard.

What is announced for it has a service type of its own, so that no chat takes note of it.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from msgspec import Struct
from zeroconf import InterfaceChoice, IPVersion, NotRunningException, ServiceInfo
from zeroconf._dns import DNSPointer
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

from app.replication.candidate import Candidate
from app.replication.discovery_records import ask, browse, instances, read_candidate

_TRIED = "_chat-tui-doctor._tcp.local."
_KINDS = "_services._dns-sd._udp.local."  # RFC 6763, section 9: every responder answers for it
_PTR, _IN = 12, 1
_CLOSING = 1.0
_LOOK_EVERY = 0.1
_MAX_ASKED = 16


class Heard(Struct, frozen=True):
    """candidates: chats that are announced; kinds: services of other kinds that somebody has on this network."""

    candidates: tuple[Candidate, ...]
    kinds: int


async def echo(ip: str, seconds: float) -> float | None:
    """Announce at a local address and listen there: seconds until it was heard, None if it was not.

    Raises OSError when that address cannot be used.
    """
    async with asyncio.timeout(seconds + 2 * _CLOSING):
        speaker, listener = await _open(ip), await _open(ip)
        try:
            name = f"{os.urandom(6).hex()}.{_TRIED}"
            heard = asyncio.Event()

            def changed(**what: object) -> None:
                if what.get("name") == name:
                    heard.set()

            AsyncServiceBrowser(listener.zeroconf, _TRIED, handlers=[changed])
            info = ServiceInfo(_TRIED, name, port=9, server=name, parsed_addresses=[ip.partition("%")[0]])
            started = time.monotonic()
            await speaker.async_register_service(info, cooperating_responders=True)
            try:
                async with asyncio.timeout(seconds):
                    await heard.wait()
            except TimeoutError:
                return None
            return time.monotonic() - started
        finally:
            await _close(speaker)
            await _close(listener)


async def listen(
    chosen: Sequence[str], has_ipv6: bool, seconds: float, *, enough: Callable[[Sequence[Candidate]], bool]
) -> Heard:
    """Who is announced, listened to for so long, or until it is enough. chosen: local addresses, empty for all.

    Raises OSError.
    """
    responder = await _open_all(chosen, has_ipv6)
    zeroconf = responder.zeroconf
    asked: dict[str, asyncio.Task[None]] = {}
    try:
        browse(zeroconf)
        AsyncServiceBrowser(zeroconf, _KINDS, handlers=[_ignore])
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(_LOOK_EVERY)
            found = {name: read_candidate(zeroconf, name) for name in instances(zeroconf)}
            if enough([candidate for candidate in found.values() if candidate is not None]):
                break
            for name, candidate in found.items():
                if candidate is None and name not in asked and len(asked) < _MAX_ASKED:
                    asked[name] = asyncio.create_task(ask(zeroconf, name))
        candidates = tuple(filter(None, (read_candidate(zeroconf, name) for name in instances(zeroconf))))
        records = zeroconf.cache.get_all_by_details(_KINDS, _PTR, _IN)
        kinds = {record.alias for record in records if isinstance(record, DNSPointer)}
        return Heard(candidates, len({kind for kind in kinds if "chat-tui" not in kind}))
    finally:
        for task in asked.values():
            task.cancel()
        await asyncio.gather(*asked.values(), return_exceptions=True)
        await _close(responder)


async def _open(ip: str) -> AsyncZeroconf:
    return await _started(AsyncZeroconf(interfaces=[ip]))


async def _open_all(chosen: Sequence[str], has_ipv6: bool) -> AsyncZeroconf:
    if chosen:
        return await _started(AsyncZeroconf(interfaces=list(chosen)))
    if has_ipv6:
        with suppress(OSError):  # the kernel may have none
            return await _started(AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.All))
    return await _started(AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only))


async def _started(responder: AsyncZeroconf) -> AsyncZeroconf:
    with suppress(NotRunningException):
        await asyncio.shield(responder.zeroconf.async_wait_for_start())
    return responder


async def _close(responder: AsyncZeroconf) -> None:
    with suppress(TimeoutError, OSError):
        async with asyncio.timeout(_CLOSING):
            try:
                await responder.async_close()
            finally:
                responder.zeroconf.engine.close()


def _ignore(**_: object) -> None:
    """What is heard is read from the cache."""
