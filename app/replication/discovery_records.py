"""The records of one service on multicast DNS, as zeroconf's cache has them, read as candidates.

Whatever is in them was said by a stranger: what cannot be a name, a fingerprint or a destination is left out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from zeroconf import (
    BadTypeInNameException,
    DNSQuestionType,
    NotRunningException,
    RecordUpdate,
    RecordUpdateListener,
    ServiceInfo,
    Zeroconf,
    current_time_millis,
)
from zeroconf._dns import DNSAddress, DNSPointer, DNSRecord, DNSService, DNSText
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo

from app.names import is_name
from app.replication.candidate import Address, Candidate

SERVICE = "_chat-tui._tcp.local."
MAX_ADDRESSES = 16  # per instance

_RESOLVE_LIMIT = 3000  # milliseconds
_A, _PTR, _TXT, _AAAA, _SRV, _IN = 1, 12, 16, 28, 33, 1  # RFC 1035, 2782, 3596
_HOST = re.compile(r"chat-tui-([0-9a-f]{32})\.local\.?", re.IGNORECASE)
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")

Record = TypeVar("Record", bound=DNSRecord)


class Listener(RecordUpdateListener):
    """Calls `note` with each instance that is spoken of, also when nothing about it is new.

    A browser keeps repeated announcements to itself, but they show that a peer is back.
    """

    def __init__(self, note: Callable[[str], None]) -> None:
        self._note = note

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
        for update in records:
            record = update.new
            if record.type == _PTR and record.name == SERVICE and isinstance(record, DNSPointer):
                self._note(record.alias)
            elif record.type in {_SRV, _TXT} and record.name.endswith(SERVICE):
                self._note(record.name)

    def async_update_records_complete(self) -> None:
        pass


def browse(zeroconf: Zeroconf) -> AsyncServiceBrowser:
    # By multicast only: programs on one computer share port 5353, and a unicast answer reaches but one of them.
    return AsyncServiceBrowser(zeroconf, SERVICE, handlers=[_ignore], question_type=DNSQuestionType.QM)


def _ignore(**_: object) -> None:
    """The listener hears it all; the browser is there for its schedule of questions."""


async def ask(zeroconf: Zeroconf, instance: str) -> None:
    """Have the records of an instance sent, if it is there; they are found in the cache then."""
    with suppress(NotRunningException, BadTypeInNameException):
        await AsyncServiceInfo(SERVICE, instance).async_request(zeroconf, _RESOLVE_LIMIT, DNSQuestionType.QM)


def instances(zeroconf: Zeroconf) -> list[str]:
    """All instances that the cache knows."""
    found = zeroconf.cache.get_all_by_details(SERVICE, _PTR, _IN)
    return [record.alias for record in found if isinstance(record, DNSPointer)]


def servers_of(zeroconf: Zeroconf, instance: str) -> list[str]:
    """The host names that claim to be the instance, in lower case: one, unless there is a conflict."""
    return [record.server.lower() for record in _valid(zeroconf, instance, _SRV, DNSService)]


def read_candidate(zeroconf: Zeroconf, instance: str) -> Candidate | None:
    """The instance as zeroconf's cache has it; None when it is incomplete or makes no sense."""
    services = _valid(zeroconf, instance, _SRV, DNSService)
    texts = _valid(zeroconf, instance, _TXT, DNSText)
    if not services or not texts or not 0 < services[0].port < 2**16:
        return None
    server, port = services[0].server, services[0].port
    addresses = [
        Address(ip, port)
        for kind in (_A, _AAAA)
        for record in _valid(zeroconf, server, kind, DNSAddress)
        if (ip := _destination(record)) is not None
    ]
    said = ServiceInfo(SERVICE, SERVICE, properties=texts[0].text).properties
    name, room, fingerprint = (_text(said.get(key)) for key in (b"name", b"room", b"fp"))
    if not addresses or name is None or room is None or not is_name(name) or not is_name(room):
        return None
    host = _HOST.fullmatch(server)
    return Candidate(
        instance,
        name,
        room,
        fingerprint if fingerprint and _FINGERPRINT.fullmatch(fingerprint) else None,
        bytes.fromhex(host[1]) if host else None,
        tuple(dict.fromkeys(addresses))[:MAX_ADDRESSES],
    )


def _valid(zeroconf: Zeroconf, name: str, kind: int, record_type: type[Record]) -> list[Record]:
    """Records that have not expired, the newest first.

    zeroconf's own reading takes the record that was added last, also when another one has replaced it since, and then
    finds that it has expired.
    """
    now = current_time_millis()
    found = zeroconf.cache.get_all_by_details(name, kind, _IN)
    records = [record for record in found if isinstance(record, record_type) and not record.is_expired(now)]
    return sorted(records, key=lambda record: record.created, reverse=True)


def _text(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _destination(record: DNSAddress) -> str | None:
    try:
        address = ipaddress.ip_address(record.address)
    except ValueError:
        return None
    if address.is_multicast or address.is_unspecified:
        return None
    if not isinstance(address, ipaddress.IPv6Address) or not address.is_link_local:
        return str(address)
    # Heard over IPv4, a link-local IPv6 address has no zone, and says nothing about where it is.
    return f"{address}%{record.scope_id}" if record.scope_id else None
