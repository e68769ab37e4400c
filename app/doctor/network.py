"""The network around this computer: interfaces, multicast, the own port. Beside a running chat as well.

Nothing leaves from another address than those that --interface names, if it names any.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Iterator

from msgspec import Struct

from app.config import Options
from app.doctor import ports
from app.doctor.findings import Finding, Grade, bad, ok, warn
from app.names import preferred_port
from app.replication.addresses import (
    LocalAddress,
    has_multicast,
    local_addresses,
    normal_address,
    open_listeners,
)

ECHO_SECONDS = 2.5
MAX_TRIED = 8  # interfaces, for each family
MULTICAST_ADVICE = "let UDP port 5353 through this computer's firewall, or name where the others are: bob@HOST"


class Surroundings(Struct, frozen=True):
    """What is around before anything is sent. process: who has ME's room open, 0 if unknown, None if nobody."""

    options: Options
    process: int | None
    present: frozenset[LocalAddress]

    @property
    def chosen(self) -> list[str]:
        return [normal_address(address) for address in self.options.interfaces]

    @property
    def usable(self) -> list[LocalAddress]:
        """The addresses that are up, and chosen if any are; loopback last."""
        up = sorted((a for a in self.present if a.up), key=lambda address: (address.is_loopback, address.ip))
        if self.options.interfaces:
            return [address for address in up if address.ip in self.chosen]
        return up


def surroundings(options: Options, process: int | None) -> Surroundings:
    return Surroundings(options, process, local_addresses())


def interfaces(around: Surroundings) -> Iterator[Finding]:
    here = {address.ip for address in around.present}
    for address in around.chosen:
        if address not in here:
            yield bad("interfaces", f"this computer does not have the address {address}", "see: ip address")
    down = {a.interface for a in around.present} - {a.interface for a in around.present if a.up}
    loopback = {a.interface for a in around.present if a.is_loopback}
    for interface in sorted(down - loopback):
        yield warn("interfaces", f"{interface} has an address and no link", "plug the cable in, or join the Wi-Fi")
    for interface in sorted(down & loopback):
        yield warn("interfaces", f"{interface}, over which people on one computer meet, is down", "see: ip link")
    usable = around.usable
    listed = ", ".join(f"{address.interface} {address.ip.partition('%')[0]}" for address in usable[:MAX_TRIED])
    if not usable:
        yield bad("interfaces", "none is up", "connect this computer to a network")
    elif all(address.is_loopback for address in usable):
        yield warn("interfaces", f"only loopback ({listed}): nobody on another computer can be reached")
    else:
        yield ok("interfaces", listed)


def own_port(around: Surroundings) -> Iterator[Finding]:
    wanted = around.options.port
    port = preferred_port(around.options.me, around.options.room) if wanted is None else wanted
    if around.process is not None:
        yield _running_port(around.process, port)
        return
    try:
        listeners = open_listeners(around.chosen, port)
    except OSError as error:
        if error.errno not in (errno.EADDRINUSE, errno.EACCES):
            yield bad("port", f"{port} cannot be listened at: {error.strerror or error}")
            return
        taker = ports.process_at(port)
        by = f"taken by process {taker[0]} ({taker[1]})" if taker else "taken, or not for this user"
        yield warn("port", f"{port} is {by}", "a chat takes a free one; who uses NAME@HOST then needs NAME@HOST:PORT")
        return
    for listener in listeners:
        listener.close()
    yield ok("port", f"{port} is free for {around.options.me}")


def _running_port(process: int, port: int) -> Finding:
    found = ports.ports_of(process) if process else []
    if port in found:
        return ok("port", f"the running chat (process {process}) listens at {port}")
    if found:
        others = ", ".join(map(str, found))
        return warn(
            "port", f"the running chat (process {process}) listens at {others}, not at {port}", "NAME@HOST needs :PORT"
        )
    return warn("port", f"process {process or 'unknown'} has the room open and listens at no port that can be seen")


def multicast(around: Surroundings) -> Iterator[Finding]:
    """Whether what is announced on each interface is heard there."""
    yield from asyncio.run(_echoes(around))


async def _echoes(around: Surroundings) -> list[Finding]:
    from app.replication.discovery_probe import echo

    tried: dict[str, LocalAddress] = {}
    for address in around.usable:
        if address.ip == "::1":  # nothing is multicast there
            continue
        tried.setdefault(f"{address.interface} {':' in address.ip}", address)
    addresses = list(tried.values())[:MAX_TRIED]

    async def one(address: LocalAddress) -> Finding:
        where = f"{address.interface} ({address.ip.partition('%')[0]})"
        if not address.is_loopback and not has_multicast(address.interface):
            # The system gives back to us what we send, as if it were heard.
            return bad("multicast", f"{where}: passes none on, as most VPNs", "name where the others are: bob@HOST")
        try:
            seconds = await echo(address.ip, ECHO_SECONDS)
        except (OSError, RuntimeError, TimeoutError) as error:
            return bad("multicast", f"{where}: cannot be used ({error})", MULTICAST_ADVICE)
        if seconds is None:
            return bad("multicast", f"{where}: what is announced does not come back", MULTICAST_ADVICE)
        return ok("multicast", f"{where}: out and in, heard after {seconds:.1f} s")

    found = list(await asyncio.gather(*map(one, addresses)))
    if any(finding.grade is Grade.OK for finding in found):  # one that works is enough for a chat
        found = [warn(f.area, f.text, f.advice) if f.grade is Grade.BAD else f for f in found]
    return found
