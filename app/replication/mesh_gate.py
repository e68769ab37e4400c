"""How many strangers may stand in the door: limits on inbound connections that have not proved a key yet.

- No clock and no I/O.
- An address whose connections keep failing, or are wanted by nobody, is turned away for a while that doubles; loopback
  is not, because everybody on this computer shares it.
- A TLS handshake costs some 2 ms, so that they are counted too: for each address, and for all addresses together from
  which nobody who is welcome has come, since one host can have as many as it likes.
- When the door is full a newcomer takes the place of the oldest from the address that has most: who only stands there
  keeps nobody out, who proves a key in the usual hundredth of a second is through before.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

from msgspec import Struct, field

from app.replication.patience import Pace

MAX_UNFINISHED = 32
MAX_UNFINISHED_EACH = 8
FREE_FAILURES = 4  # a bad moment on the network is no attack
FIRST_DELAY = 1.0
LONGEST_DELAY = 60.0
FORGOTTEN_AFTER = 300.0
VISITS_BURST, VISITS_PER_SECOND = 64, 1.0  # for one address: a program that is started again and again comes in
NEWCOMERS_BURST, NEWCOMERS_PER_SECOND = 64, 8.0  # a whole ship's crew at once; then less than 2 % of a core
MAX_SOURCES = 1_024  # remembered; the oldest is forgotten first


class Visit(Struct, frozen=True, eq=False):
    """One connection in the door. turn_out: ends it."""

    address: str
    turn_out: Callable[[], None]


class _Source(Struct):
    """welcome: somebody came from there who is."""

    visits: Pace
    welcome: bool = False
    unfinished: list[Visit] = field(default_factory=list)  # the oldest first
    failures: int = 0
    closed_until: float = float("-inf")
    last: float = 0.0


class Gate:
    def __init__(self) -> None:
        self._sources: dict[str, _Source] = {}
        self._newcomers = Pace(NEWCOMERS_BURST, NEWCOMERS_PER_SECOND, 0.0)
        self._unfinished = 0

    def enter(self, address: str, now: float, turn_out: Callable[[], None]) -> Visit | None:
        """A new connection from `address`, if it may begin: then `passed` or `failed` is to follow."""
        source = self._source(address, now)
        if not _is_loopback(address) and not self._may_enter(source, now):
            return None
        if self._unfinished >= MAX_UNFINISHED:
            greediest = max(self._sources.values(), key=lambda other: len(other.unfinished))
            oldest = greediest.unfinished[0]
            self._leave(oldest, now)
            oldest.turn_out()
        visit = Visit(address, turn_out)
        source.unfinished.append(visit)
        self._unfinished += 1
        return visit

    def passed(self, visit: Visit, now: float) -> None:
        """It proved a key, and is welcome."""
        source = self._leave(visit, now)
        if source is not None:
            source.failures = 0
            source.welcome = True

    def failed(self, visit: Visit, now: float) -> float:
        """It ended before it proved a key, or nobody here wants it. For how long its address is turned away, if it is
        from now on, else 0. Nothing follows if it has left already."""
        source = self._leave(visit, now)
        if source is None:
            return 0.0
        source.failures += 1
        if source.failures <= FREE_FAILURES or _is_loopback(visit.address):
            return 0.0
        delay = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(source.failures - FREE_FAILURES - 1, 16))
        source.closed_until = now + delay
        return delay

    def _may_enter(self, source: _Source, now: float) -> bool:
        if len(source.unfinished) >= MAX_UNFINISHED_EACH or now < source.closed_until:
            return False
        paces = (source.visits,) if source.welcome else (source.visits, self._newcomers)
        if any(pace.left(now) < 1.0 for pace in paces):
            return False
        for pace in paces:
            pace.pay(1, now)
        return True

    def _leave(self, visit: Visit, now: float) -> _Source | None:
        source = self._source(visit.address, now)
        if visit not in source.unfinished:
            return None
        source.unfinished.remove(visit)
        self._unfinished -= 1
        return source

    def _source(self, address: str, now: float) -> _Source:
        key = _group(address)
        source = self._sources.pop(key, None)
        if source is None or (not source.unfinished and now - source.last > FORGOTTEN_AFTER):
            source = _Source(Pace(VISITS_BURST, VISITS_PER_SECOND, now))
        source.last = now
        self._sources[key] = source  # last in the dict: the first is the one not seen for longest
        if len(self._sources) > MAX_SOURCES:  # of which few have somebody in the door
            del self._sources[next(key for key, other in self._sources.items() if not other.unfinished)]
        return source


def _group(address: str) -> str:
    """One host has as many IPv6 addresses as it likes in its network of 64 bits."""
    ip = ipaddress.ip_address(address)
    if ip.version == 4 or ip.is_link_local:
        return address
    return str(ipaddress.ip_network(f"{address.partition('%')[0]}/64", strict=False))


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback
