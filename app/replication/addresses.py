"""This computer's addresses: which there are, which a destination may be dialled from, and sockets bound to them.

`chosen` is what `--interface` names. Nothing leaves from any other address then; with only loopback chosen, nothing
leaves this computer.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
import struct
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress

from msgspec import Struct

from app.replication.candidate import Address

_ANYWHERE = ("0.0.0.0", "::")  # noqa: S104  all interfaces unless --interface says otherwise
_BACKLOG = 64
_PORT_TRIES = 8  # a port that is free for IPv4 may be taken for IPv6
_SIOCGIFFLAGS, _IFF_RUNNING, _IFF_MULTICAST = 0x8913, 0x40, 0x1000  # netdevice(7)


class LocalAddress(Struct, frozen=True):
    """ip: link-local IPv6 with its interface's index as zone; prefix: bits of its network; up: the cable is in."""

    ip: str
    prefix: int
    interface: str
    up: bool

    @property
    def is_loopback(self) -> bool:
        return ipaddress.ip_address(self.ip).is_loopback

    def reaches(self, ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        """Whether `ip` is on the network of this address, with no router between."""
        own = ipaddress.ip_address(self.ip)
        if own.version != ip.version or _zone(own) != _zone(ip):
            return False
        network = ipaddress.ip_network(f"{_bare(own)}/{self.prefix}", strict=False)
        return ipaddress.ip_address(_bare(ip)) in network


def local_addresses() -> frozenset[LocalAddress]:
    """All addresses of this computer now. Changes when a cable is pulled (Linux) or an address comes or goes."""
    import ifaddr

    return frozenset(
        LocalAddress(_text(address.ip, adapter.index), address.network_prefix, adapter.nice_name, up)
        for adapter in ifaddr.get_adapters()
        for up in [_is_up(adapter.nice_name)]
        for address in adapter.ips
    )


def normal_address(text: str) -> str:
    """An IP address in the form that `LocalAddress.ip` has: compressed, an interface's name in a zone as its index."""
    ip = ipaddress.ip_address(text)
    zone = _zone(ip)
    if zone and not zone.isdecimal():
        with suppress(OSError):
            zone = str(socket.if_nametoindex(zone))
    return f"{_bare(ip)}%{zone}" if zone else _bare(ip)


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def source_for(target: str, chosen: Sequence[str], present: Iterable[LocalAddress]) -> str | None:
    """The chosen address to dial IP address `target` from; None when none of them leads there."""
    ip = ipaddress.ip_address(target)
    usable = [
        address
        for address in present
        if ipaddress.ip_address(address.ip).version == ip.version and address.is_loopback == ip.is_loopback
    ]
    near = [address.ip for address in usable if address.reaches(ip)]
    if near or ip.is_link_local:
        return next((own for own in chosen if own in near), None)
    far = [address.ip for address in usable if not ipaddress.ip_address(address.ip).is_link_local]
    return next((own for own in chosen if own in far), None)


def open_listeners(chosen: Sequence[str], port: int) -> list[socket.socket]:
    """Listening sockets on the chosen addresses (all, when none are chosen), all with one port; 0 picks a free one.

    Addresses that this computer does not have are left out, as is IPv6 where there is none. Raises OSError with
    EADDRINUSE when the port is taken on one of them.
    """
    for _ in range(_PORT_TRIES):
        sockets: list[socket.socket] = []
        number = port
        try:
            for host in chosen or _ANYWHERE:
                listener = _open_listener(host, number)
                if listener is not None:
                    sockets.append(listener)
                    number = listener.getsockname()[1]
        except OSError as error:
            for opened in sockets:
                opened.close()
            if port == 0 and error.errno == errno.EADDRINUSE:
                continue
            raise
        return sockets
    raise OSError(errno.EADDRINUSE, "no port is free on all addresses")


def _open_listener(host: str, port: int) -> socket.socket | None:
    try:
        family, _, _, _, where = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST | socket.AI_PASSIVE
        )[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError:  # a zone that is gone; a kernel without IPv6
        return None
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(where)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        if error.errno in {errno.EADDRNOTAVAIL, errno.ENODEV, errno.EINVAL}:
            return None
        raise
    return listener


def open_outgoing(target: Address, source: str | None) -> tuple[socket.socket, tuple[object, ...]]:
    """A socket to dial an IP address with, from `source` if one is given, and the address as `connect` wants it."""
    family, _, _, _, where = socket.getaddrinfo(
        target.host, target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
    )[0]
    outgoing = socket.socket(family, socket.SOCK_STREAM)
    try:
        outgoing.setblocking(False)
        outgoing.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None:
            outgoing.bind(socket.getaddrinfo(source, 0, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)[0][4])
    except OSError:
        outgoing.close()
        raise
    return outgoing, where


def _text(ip: str | tuple[str, int, int], index: int | None) -> str:
    if isinstance(ip, str):
        return ip
    return f"{ip[0]}%{index}" if ipaddress.ip_address(ip[0]).is_link_local else ip[0]


def has_multicast(interface: str) -> bool:
    """Whether a network interface passes multicast on: most VPNs do not. Where that is not known it is believed to."""
    flags = _flags(interface)
    return flags is None or bool(flags & _IFF_MULTICAST)


def _is_up(interface: str) -> bool:
    """Linux keeps the addresses of an interface whose cable is pulled: only its flags tell that it came back."""
    if sys.platform != "linux":
        return True
    flags = _flags(interface)
    return flags is not None and bool(flags & _IFF_RUNNING)


def _flags(interface: str) -> int | None:
    """None if it is gone, or where the system is asked otherwise.

    Not read from /sys, which shows another network's interfaces where only the network namespace is our own.
    """
    if sys.platform != "linux":
        return None
    import fcntl

    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, struct.pack("40s", os.fsencode(interface)[:15]))
    except OSError:
        return None
    flags: int = struct.unpack_from("H", answer, 16)[0]
    return flags


def _zone(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str | None:
    return ip.scope_id if isinstance(ip, ipaddress.IPv6Address) else None


def _bare(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return str(ip).partition("%")[0]
