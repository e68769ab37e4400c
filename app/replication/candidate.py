"""What is known of a node that might be dialled: discovery says it, the roster hears it. None of it is proved."""

from __future__ import annotations

from msgspec import Struct


class Address(Struct, frozen=True, order=True):
    """host: an IP address (link-local IPv6 with its zone, `fe80::1%2`) or a host name; port: 1-65535."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Candidate(Struct, frozen=True):
    """One service instance on mDNS.

    instance: its full service name; fingerprint: 32 hexadecimal digits or None; node: 16 bytes, from its host name, or
    None when that has another form; addresses: without duplicates, none twice.
    """

    instance: str
    name: str
    room: str
    fingerprint: str | None
    node: bytes | None
    addresses: tuple[Address, ...]
