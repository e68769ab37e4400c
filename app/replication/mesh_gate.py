"""How many strangers may stand in the door: limits on inbound connections that have not proved a key yet.

No clock and no I/O. An address whose connections keep failing is turned away for a while that doubles; loopback is not,
because everybody on this computer shares it.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass

MAX_UNFINISHED = 32
MAX_UNFINISHED_EACH = 8
FREE_FAILURES = 4  # a bad moment on the network is no attack
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
FORGOTTEN_AFTER = 300.0
MAX_SOURCES = 1_024  # remembered; the oldest is forgotten first


@dataclass(slots=True)
class _Source:
    unfinished: int = 0
    failures: int = 0
    closed_until: float = float("-inf")
    last: float = 0.0


class Gate:
    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}
        self._unfinished = 0

    def enter(self, address: str, now: float) -> bool:
        """Whether a connection from `address` may begin. If so, `passed` or `failed` is to follow, once."""
        source = self._source(address, now)
        if self._unfinished >= MAX_UNFINISHED:
            return False
        if not _is_loopback(address) and (source.unfinished >= MAX_UNFINISHED_EACH or now < source.closed_until):
            return False
        source.unfinished += 1
        self._unfinished += 1
        return True

    def passed(self, address: str, now: float) -> None:
        """It proved a key."""
        source = self._leave(address, now)
        source.failures = 0

    def failed(self, address: str, now: float) -> None:
        """It ended before it proved a key."""
        source = self._leave(address, now)
        source.failures += 1
        if source.failures > FREE_FAILURES:
            doublings = min(source.failures - FREE_FAILURES - 1, 16)
            source.closed_until = now + min(LONGEST_DELAY, FIRST_DELAY * 2.0**doublings)

    def _leave(self, address: str, now: float) -> _Source:
        source = self._source(address, now)
        source.unfinished = max(0, source.unfinished - 1)
        self._unfinished -= 1
        return source

    def _source(self, address: str, now: float) -> _Source:
        key = _group(address)
        source = self._sources.pop(key, None) or _Source()
        if not source.unfinished and now - source.last > FORGOTTEN_AFTER:
            source = _Source()
        source.last = now
        self._sources[key] = source  # last in the dict: the first is the one not seen for longest
        while len(self._sources) > MAX_SOURCES:
            del self._sources[next(iter(self._sources))]
        return source


def _group(address: str) -> str:
    """One host has as many IPv6 addresses as it likes in its network of 64 bits."""
    ip = ipaddress.ip_address(address)
    if ip.version == 4 or ip.is_link_local:
        return address
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
