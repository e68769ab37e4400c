"""The records of one service on multicast DNS, as zeroconf's cache has them, read as candidates.

Whatever is in them was said by a stranger: what cannot be a name, a fingerprint or a destination is left out.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from app.names import is_name
from app.replication.candidate import Address, Candidate

if TYPE_CHECKING:
    from zeroconf import RecordUpdate, RecordUpdateListener, ServiceInfo, Zeroconf
    from zeroconf.asyncio import AsyncServiceBrowser

SERVICE = "_chat-tui._tcp.local."
MAX_ADDRESSES = 16  # per instance

_RESOLVE_LIMIT = 3000  # milliseconds
_PTR, _SRV, _TXT, _IN = 12, 33, 16, 1  # RFC 1035, 2782
_HOST = re.compile(r"chat-tui-([0-9a-f]{32})\.local\.?", re.IGNORECASE)
_FINGERPRINT = re.compile(r"[0-9a-f]{32}")


def make_listener(note: Callable[[str], None]) -> RecordUpdateListener:
    from zeroconf import RecordUpdateListener
    from zeroconf._dns import DNSPointer

    class Listener(RecordUpdateListener):
        """Hears repeated announcements too, which a browser keeps to itself: they show that a peer is back."""

        def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:
            for update in records:
                record = update.new
                if record.type == _PTR and record.name == SERVICE and isinstance(record, DNSPointer):
                    note(record.alias)
                elif record.type in {_SRV, _TXT} and record.name.endswith(SERVICE):
                    note(record.name)

        def async_update_records_complete(self) -> None:
            pass

    return Listener()


def browse(zeroconf: Zeroconf) -> AsyncServiceBrowser:
    from zeroconf import DNSQuestionType
    from zeroconf.asyncio import AsyncServiceBrowser

    # By multicast only: programs on one computer share port 5353, and a unicast answer reaches but one of them.
    return AsyncServiceBrowser(zeroconf, SERVICE, handlers=[_ignore], question_type=DNSQuestionType.QM)


def _ignore(**_: object) -> None:
    """The listener hears it all; the browser is there for its schedule of questions."""


async def ask(zeroconf: Zeroconf, instance: str) -> None:
    from zeroconf import DNSQuestionType, NotRunningException
    from zeroconf.asyncio import AsyncServiceInfo

    with suppress(NotRunningException):
        await AsyncServiceInfo(SERVICE, instance).async_request(zeroconf, _RESOLVE_LIMIT, DNSQuestionType.QM)


def servers_of(zeroconf: Zeroconf, instance: str) -> list[str]:
    from zeroconf import current_time_millis
    from zeroconf._dns import DNSService

    now = current_time_millis()
    records = zeroconf.cache.get_all_by_details(instance, _SRV, _IN)
    return [r.server.lower() for r in records if isinstance(r, DNSService) and not r.is_expired(now)]


def read_candidate(zeroconf: Zeroconf, instance: str) -> Candidate | None:
    """The instance as zeroconf's cache has it; None when it is incomplete or makes no sense."""
    from zeroconf import BadTypeInNameException
    from zeroconf.asyncio import AsyncServiceInfo

    try:
        info = AsyncServiceInfo(SERVICE, instance)
    except BadTypeInNameException:
        return None
    if not info.load_from_cache(zeroconf) or not info.port:
        return None
    name, room = _property(info, b"name"), _property(info, b"room")
    if name is None or room is None or not is_name(name) or not is_name(room):
        return None
    fingerprint = _property(info, b"fp")
    host = _HOST.fullmatch(info.server or "")
    return Candidate(
        instance,
        name,
        room,
        fingerprint if fingerprint and _FINGERPRINT.fullmatch(fingerprint) else None,
        bytes.fromhex(host[1]) if host else None,
        tuple(Address(ip, info.port) for ip in info.parsed_scoped_addresses() if _is_destination(ip))[:MAX_ADDRESSES],
    )


def _property(info: ServiceInfo, key: bytes) -> str | None:
    value = info.properties.get(key)
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _is_destination(ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    if address.is_multicast or address.is_unspecified:
        return False
    # Heard over IPv4, a link-local IPv6 address has no zone, and says nothing about where it is.
    return not (isinstance(address, ipaddress.IPv6Address) and address.is_link_local and address.scope_id is None)
