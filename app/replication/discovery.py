"""Multicast DNS: says where this node listens, and reports every instance that carries a wanted name.

- With discovery_records the one place that knows zeroconf. Imported late: the first frame is not to wait for it.
- Whatever arrives is a stranger's: names are checked, counts are limited, and nothing of it is believed.
- zeroconf never hears of network changes by itself (python-zeroconf #976); `network_changed` tells it.
- zeroconf finds no conflict after it has registered (python-zeroconf #1356), so this module looks for one itself: of
  two nodes that hold one instance name the one with the larger host name takes another.
"""

from __future__ import annotations

import asyncio
import ipaddress
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Protocol

from zeroconf import InterfaceChoice, IPVersion, NotRunningException, ServiceInfo, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf

from app.identity import grouped
from app.names import MAX_NAME_BYTES, name_key
from app.replication.addresses import LocalAddress
from app.replication.candidate import Candidate
from app.replication.discovery_records import (
    MAX_ADDRESSES,
    SERVICE,
    Listener,
    ask,
    browse,
    instances,
    read_candidate,
    servers_of,
)

_CLAIM_AFTER = 0.75  # seconds of listening before a name is claimed, as long as RFC 6762, section 8.1 probes
_CHECK_EVERY = 2.0  # seconds; finds records that expired, and conflicts
_SETTLE = (1.0, 2.0, 4.0)  # seconds after an address showed: IPv6 ones cannot be bound before duplicate detection ends
_RETRY_AFTER = 15.0  # seconds after mDNS could not be started
_GOODBYE_LIMIT = 1.0
_ASK_AGAIN = (1.0, 20.0)  # seconds between two questions about one instance: doubled from the first to the last
_MAX_RESOLVING = 8
_AT_ONCE = 64  # instances looked at in one turn of the loop: about 3 ms
_MAX_HEARD = 512  # instance names kept between two looks at them
_MAX_KNOWN = 256  # instances with a wanted name
_MAX_TOLD = 64  # namesakes that the user was told of


class DiscoveryOwner(Protocol):
    """What discovery asks of, and reports to, whoever runs it."""

    def needs(self, name: str) -> bool:
        """Whether a peer of that name is looked for and not connected."""

    def wants(self, name: str) -> bool:
        """Whether a peer of that name was named."""

    def heard(self, candidate: Candidate) -> None:
        """An instance with a wanted name was announced: new, changed or again."""

    def gone(self, instance: str) -> None: ...

    def notice(self, text: str) -> None:
        """A sentence for the user."""


class Discovery:
    def __init__(
        self,
        owner: DiscoveryOwner,
        *,
        name: str,
        room: str,
        fingerprint: str,
        node: bytes,
        chosen: Sequence[str],
        local_addresses: Callable[[], Iterable[LocalAddress]],
    ) -> None:
        """chosen: addresses to announce and listen on, in normal form; empty means all."""
        self._owner = owner
        self._name = name
        self._room = room
        self._fingerprint = fingerprint
        self._node = node
        self._host = f"chat-tui-{node.hex()}.local."
        self._chosen = chosen
        self._local_addresses = local_addresses
        self._known: dict[str, Candidate] = {}
        self._heard: set[str] = set()
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, tuple[float, float]] = {}  # instance: when to ask again, and the pause after that
        self._told: set[object] = set()
        self._port = 0
        self._own_ips: set[str] = set()  # since the start: records of those that went live on for two minutes
        self._wake = asyncio.Event()
        self._changed = False
        self._check_known_at = 0.0
        self._failure: str | None = None

    @property
    def failure(self) -> str:
        """Why nobody can be found; empty while it works."""
        return self._failure or ""

    def network_changed(self) -> None:
        self._changed = True
        self._wake.set()

    async def run(self, port: int) -> None:
        """Announce `port` and report what is heard until cancelled, which says goodbye; at most about a second."""
        self._port = port
        while True:
            self._changed = False
            try:
                responder = self._open()
            except (OSError, RuntimeError) as error:
                self._fail(error)
                await self._sleep(_RETRY_AFTER)
                continue
            try:
                await self._serve(responder, port)
            except OSError as error:
                self._fail(error)
            finally:
                await self._close(responder)
            await self._sleep(_RETRY_AFTER)

    def _open(self) -> AsyncZeroconf:
        present = self._present()
        if self._chosen:
            if not present:
                raise OSError(f"this computer does not have the address {' or '.join(self._chosen)} now")
            return AsyncZeroconf(interfaces=present)
        if not present:
            raise OSError("there is no network interface")
        if any(":" in ip for ip in present):
            # Without IPv6 in the kernel, or where it cannot be shared with another responder, IPv4 is still worth it.
            with suppress(OSError):
                return AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.All)
        return AsyncZeroconf(interfaces=InterfaceChoice.All, ip_version=IPVersion.V4Only)

    async def _serve(self, responder: AsyncZeroconf, port: int) -> None:
        zeroconf = responder.zeroconf
        listener = Listener(self._note)
        with suppress(NotRunningException):
            # Shielded: cancelling it would cancel zeroconf's own future, and with it the closing of its sockets.
            await asyncio.shield(_started(zeroconf))
            zeroconf.async_add_listener(listener, None)
            # What came before the listener is not told again: zeroconf drops repeats, and asks for nothing it has.
            for instance in instances(zeroconf):
                self._note(instance)
            browser = browse(zeroconf)
            claim_at = time.monotonic() + _CLAIM_AFTER
            settling = _settle_times()
            info: ServiceInfo | None = None
            while True:
                now = time.monotonic()
                if info is None and now >= claim_at:
                    info = self._describe(zeroconf, port)
                    await self._announce(responder, info)
                if self._changed:
                    self._changed = False
                    settling = _settle_times()
                    browser = await self._renew(responder, browser, info)
                elif settling and now >= settling[0]:
                    settling.pop(0)
                    await self._update_interfaces(responder)
                self._look(zeroconf)
                if info is not None and self._has_conflict(zeroconf, info):
                    info = await self._settle_conflict(responder, info, port)
                next_check = min([now + _CHECK_EVERY, *settling[:1], *([] if info else [claim_at])])
                await self._sleep(max(0.0, next_check - time.monotonic()))

    async def _announce(self, responder: AsyncZeroconf, info: ServiceInfo) -> None:
        # Not waited for: the first announcement is sent at once, and the others follow while we go on.
        await responder.async_register_service(info, cooperating_responders=True)
        self._failure = None

    async def _renew(
        self, responder: AsyncZeroconf, browser: AsyncServiceBrowser, info: ServiceInfo | None
    ) -> AsyncServiceBrowser:
        """After a change of the network: other sockets, addresses announced anew, everybody asked for anew."""
        await self._update_interfaces(responder)
        if info is not None:
            info.addresses = [ipaddress.ip_address(ip).packed for ip in self._announced()]
            await responder.async_update_service(info)
        await browser.async_cancel()
        return browse(responder.zeroconf)

    async def _update_interfaces(self, responder: AsyncZeroconf) -> None:
        present = self._present()
        if self._chosen:
            await responder.async_update_interfaces(present)
        else:
            version = IPVersion.All if any(":" in ip for ip in present) else IPVersion.V4Only
            await responder.async_update_interfaces(InterfaceChoice.All, version)

    async def _close(self, responder: AsyncZeroconf) -> None:
        asking = list(self._resolving.values())
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        # zeroconf waits on the network nowhere here, but a goodbye is not worth hanging for.
        with suppress(TimeoutError, OSError):
            async with asyncio.timeout(_GOODBYE_LIMIT):
                try:
                    await responder.async_close()
                finally:
                    responder.zeroconf.engine.close()  # which does nothing if it came to its end

    def _describe(self, zeroconf: Zeroconf, port: int) -> ServiceInfo:
        taken = zeroconf.cache.current_entry_with_name_and_alias
        instance = next(
            (label for label in self._labels() if not taken(SERVICE, f"{label}.{SERVICE}")),
            f"chat-tui-{self._node.hex()}",
        )
        return ServiceInfo(
            SERVICE,
            f"{instance}.{SERVICE}",
            port=port,
            server=self._host,
            parsed_addresses=self._announced(),
            properties={"v": "1", "fp": self._fingerprint, "name": self._name, "room": self._room},
        )

    def _labels(self) -> Iterable[str]:
        yield self._name
        digits = self._node.hex()
        stem = self._name.encode()[: MAX_NAME_BYTES - 5].decode(errors="ignore")
        for start in range(0, len(digits), 4):
            yield f"{stem}-{digits[start : start + 4]}"

    def _present(self) -> list[str]:
        """The addresses to listen on: the chosen ones that are here, or all."""
        here = sorted(address.ip for address in self._local_addresses())
        return [ip for ip in self._chosen if ip in here] if self._chosen else here

    def _announced(self) -> list[str]:
        """The addresses under which others can reach us. Loopback only where there is nothing else."""
        up = [address for address in self._local_addresses() if address.up]
        if self._chosen:
            usable = [address for address in up if address.ip in self._chosen]
        else:
            usable = [address for address in up if not address.is_loopback] or up
        return sorted({address.ip.partition("%")[0] for address in usable})[:MAX_ADDRESSES] or ["127.0.0.1"]

    def _has_conflict(self, zeroconf: Zeroconf, info: ServiceInfo) -> bool:
        return any(server != self._host for server in servers_of(zeroconf, info.name))

    async def _settle_conflict(self, responder: AsyncZeroconf, info: ServiceInfo, port: int) -> ServiceInfo:
        rival = min(server for server in servers_of(responder.zeroconf, info.name) if server != self._host)
        if self._host < rival:
            await responder.async_update_service(info)
            return info
        # No goodbye: its pointer record is, byte for byte, the one of the node that keeps the name.
        responder.zeroconf.registry.async_remove(info)
        other = self._describe(responder.zeroconf, port)
        await self._announce(responder, other)
        return other

    def _note(self, instance: str) -> None:
        if len(self._heard) < _MAX_HEARD:
            self._heard.add(instance)
            self._wake.set()

    def _look(self, zeroconf: Zeroconf) -> None:
        """Compare what zeroconf knows with what was reported."""
        fresh = set(islice(self._heard, _AT_ONCE))
        self._heard -= fresh
        if self._heard:
            self._wake.set()
        now = time.monotonic()
        looked_at = set(fresh)
        if now >= self._check_known_at:
            self._check_known_at = now + _CHECK_EVERY
            looked_at |= self._known.keys()
            looked_at.update(islice((name for name, (again, _) in self._asked.items() if now >= again), _AT_ONCE))
        for instance in sorted(looked_at):
            if zeroconf.cache.current_entry_with_name_and_alias(SERVICE, instance) is None:
                self._asked.pop(instance, None)
                if self._known.pop(instance, None) is not None:
                    self._owner.gone(instance)
                continue
            candidate = read_candidate(zeroconf, instance)
            if candidate is None:
                known = self._known.get(instance)
                if known is None or self._owner.needs(known.name):
                    self._resolve(zeroconf, instance)
                continue
            self._asked.pop(instance, None)
            if candidate.node == self._node:
                self._look_for_copy(candidate)
            else:
                self._report(candidate, again=instance in fresh)

    def _report(self, candidate: Candidate, *, again: bool) -> None:
        if name_key(candidate.name) == name_key(self._name) and name_key(candidate.room) == name_key(self._room):
            self._tell_of_namesake(candidate)
        if not self._owner.wants(candidate.name):
            if self._known.pop(candidate.instance, None) is not None:
                self._owner.gone(candidate.instance)
            return
        known = self._known.get(candidate.instance)
        if (again or candidate != known) and (known is not None or len(self._known) < _MAX_KNOWN):
            self._known[candidate.instance] = candidate
            self._owner.heard(candidate)

    def _resolve(self, zeroconf: Zeroconf, instance: str) -> None:
        now = time.monotonic()
        if instance in self._resolving or len(self._resolving) >= _MAX_RESOLVING:
            return
        again, pause = self._asked.get(instance, (now, _ASK_AGAIN[0]))
        if now < again:
            return
        if len(self._asked) >= _MAX_HEARD:
            self._asked.clear()
        self._asked[instance] = now + pause, min(2 * pause, _ASK_AGAIN[1])
        task = asyncio.create_task(ask(zeroconf, instance))
        self._resolving[instance] = task
        task.add_done_callback(lambda _: self._resolved(instance))

    def _resolved(self, instance: str) -> None:
        self._resolving.pop(instance, None)
        self._note(instance)

    def _look_for_copy(self, candidate: Candidate) -> None:
        """My own announcement; or that of a copy of my database, which has my node id and so my host name."""
        self._own_ips.update(address.ip.partition("%")[0] for address in self._local_addresses())
        for address in candidate.addresses:
            elsewhere = address.host.partition("%")[0] not in self._own_ips or address.port != self._port
            if elsewhere and self._node not in self._told:
                self._told.add(self._node)
                self._owner.notice(
                    f"a copy of your data folder is in use at {address}: stop one of the two, or they contradict each "
                    "other; another device of yours needs a folder of its own"
                )

    def _tell_of_namesake(self, other: Candidate) -> None:
        identity = (other.fingerprint, other.node)
        if identity in self._told or len(self._told) >= _MAX_TOLD:
            return
        self._told.add(identity)
        where = other.addresses[0].host if other.addresses else "an unknown address"
        if other.fingerprint == self._fingerprint:
            text = f"you are {self._name} on another device too ({where}, same key): both are you to others"
        else:
            key = grouped(other.fingerprint) if other.fingerprint else "not given"
            text = f"somebody else here is called {self._name} ({where}, key {key}): others may confuse the two of you"
        self._owner.notice(text)

    def _fail(self, error: Exception) -> None:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        if reason != self._failure:
            self._failure = reason
            self._owner.notice(f"peers cannot be found by name for now: {reason}; known addresses are still tried")

    async def _sleep(self, seconds: float) -> None:
        """Until something was heard or changed, or the time is over."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()


async def _started(zeroconf: Zeroconf) -> None:
    with suppress(NotRunningException):
        await zeroconf.async_wait_for_start()


def _settle_times() -> list[float]:
    now = time.monotonic()
    return [now + seconds for seconds in _SETTLE]
