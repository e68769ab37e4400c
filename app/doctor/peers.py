"""Who is heard on the network, and the way to each peer: every one that a chat would try is tried."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from app.doctor.findings import Finding, bad, ok, warn
from app.doctor.network import MULTICAST_ADVICE, Surroundings
from app.identity import grouped
from app.names import PeerSpec, name_key, preferred_port
from app.replication.addresses import is_loopback
from app.replication.candidate import Address, Candidate
from app.replication.mesh_probe import Knock, Way, knock

LISTEN_SECONDS, KNOCK_SECONDS = 3.0, 3.5
MAX_TRIED = 8  # addresses of one peer
_HERE, _ANNOUNCED = "on this computer", "announced"


class _Attempt(Struct, frozen=True):
    """how: where the address came from."""

    address: Address
    how: str
    knock: Knock

    def reached(self, peer: PeerSpec) -> bool:
        return self.knock.way is Way.ANSWERED and name_key(self.knock.name) == name_key(peer.name)

    @property
    def sentence(self) -> str:
        said = self.knock
        if said.way is Way.ANSWERED:
            what = f"{said.name} answers there" if said.name else f"a chat answers there: {said.detail}"
        else:
            what = f"{said.way.value} ({said.detail})" if said.detail else said.way.value
        return f"{self.address} ({self.how}): {what}"


def look(around: Surroundings, pins: Mapping[str, str]) -> Iterator[Finding]:
    """pins: name_key -> fingerprint."""
    yield from asyncio.run(_look(around, pins))


async def _look(around: Surroundings, pins: Mapping[str, str]) -> list[Finding]:
    from app.replication.discovery_probe import listen

    found: list[Finding] = []
    candidates: list[Candidate] = []
    present = [address.ip for address in around.usable]
    room = name_key(around.options.room)
    awaited = {name_key(peer.name) for peer in around.options.peers}
    if around.process is not None:
        awaited.add(name_key(around.options.me))

    def enough(heard: Sequence[Candidate]) -> bool:
        return bool(awaited) and awaited <= {name_key(c.name) for c in heard if name_key(c.room) == room}

    try:
        chosen = around.chosen and present
        if present:  # else there is nothing to listen on, which has a line of its own
            heard = await listen(chosen, any(":" in ip for ip in present), LISTEN_SECONDS, enough=enough)
            candidates = [candidate for candidate in heard.candidates if name_key(candidate.room) == room]
            found += _announcements(around, candidates, heard.kinds)
    except (OSError, RuntimeError, TimeoutError) as error:
        found.append(bad("multicast", f"nothing can be listened to ({error})", MULTICAST_ADVICE))
    peers = around.options.peers
    for attempts, peer in zip(await asyncio.gather(*(_try(around, p, candidates) for p in peers)), peers, strict=True):
        known = peer.fingerprint or pins.get(name_key(peer.name))
        found += _judge(peer, attempts, known)
    return found


def _announcements(around: Surroundings, candidates: Sequence[Candidate], kinds: int) -> Iterator[Finding]:
    me = name_key(around.options.me)
    own = [candidate for candidate in candidates if name_key(candidate.name) == me]
    others = sorted({candidate.name for candidate in candidates} - {candidate.name for candidate in own})
    if around.process is not None and not own:
        yield warn(
            "announcement",
            "the running chat is not heard",
            "did it start a moment ago, or with another --interface? Else let UDP port 5353 through the firewall",
        )
    for candidate in own:
        yield ok("announcement", f"{candidate.name} is heard, at {', '.join(map(str, candidate.addresses))}")
    if others:
        yield ok("announcement", f"these chats of others are heard: {', '.join(others)}")
    elif kinds:
        yield ok("announcement", f"no other chat is heard; services of other kinds: {kinds}")
    else:
        yield warn(
            "announcement",
            "neither another chat nor any other service is heard",
            "if a chat runs on this network, the network does not pass multicast on (guest Wi-Fi, VPN): use bob@HOST",
        )


async def _try(around: Surroundings, peer: PeerSpec, candidates: Sequence[Candidate]) -> list[_Attempt]:
    options = around.options
    port = peer.port or preferred_port(peer.name, options.room)
    ways: dict[Address, str] = {}
    for candidate in candidates:
        if name_key(candidate.name) == name_key(peer.name):
            ways.update(dict.fromkeys(candidate.addresses, _ANNOUNCED))
    if peer.host is not None:
        ways[Address(peer.host, port)] = "as you wrote it"
    loopback = next((a.ip for a in around.usable if is_loopback(a.ip) and ":" not in a.ip), None)
    if loopback is not None:
        ways.setdefault(Address(loopback, port), _HERE)

    async def one(address: Address, how: str) -> _Attempt:
        said = await knock(
            address, around.chosen, around.present, me=options.me, room=options.room, seconds=KNOCK_SECONDS
        )
        return _Attempt(address, how, said)

    return await asyncio.gather(*(one(*way) for way in list(ways.items())[-MAX_TRIED:]))


def _judge(peer: PeerSpec, attempts: Sequence[_Attempt], known: str | None) -> Iterator[Finding]:
    """known: the fingerprint that the peer has to have, None for any."""
    area = f"peer {peer.name}"
    reached = [attempt for attempt in attempts if attempt.reached(peer)]
    # That nobody listens at a port of this computer says nothing: most people have one of their own.
    failed = [a for a in attempts if a not in reached and (a.how, a.knock.way) != (_HERE, Way.NOBODY)]
    said = "; ".join(attempt.sentence for attempt in failed)
    for attempt in reached:
        yield _identity(area, attempt, known)
    if not reached:
        yield bad(area, f"not reached; {said or 'not heard, and at no address'}", _advice(peer, failed))
    elif failed:
        yield warn(area, said, "another way works, so nothing has to be done")


def _identity(area: str, attempt: _Attempt, known: str | None) -> Finding:
    where = f"answers at {attempt.address} ({attempt.how})"
    if known is None:
        return ok(area, f"{where}; its key says {grouped(attempt.knock.fingerprint)}, and was not known before")
    if known != attempt.knock.fingerprint:
        return bad(
            area,
            f"{where} with another key ({grouped(attempt.knock.fingerprint)}) than the known one ({grouped(known)})",
            "ask the person; if the new key is right: /trust NAME",
        )
    return ok(area, f"{where} with the key that is known")


def _advice(peer: PeerSpec, failed: Sequence[_Attempt]) -> str:
    ways = {attempt.knock.way for attempt in failed}
    for attempt in failed:
        if attempt.how == _ANNOUNCED:
            port = attempt.address.port
            return f"its computer is there and lets no connection in: let TCP port {port} through the firewall there"
    if Way.ANSWERED in ways or Way.NO_TLS in ways:
        return f"{peer.name} is at another port there: see it with chat-tui doctor there, and write NAME@HOST:PORT"
    if Way.NOBODY in ways:
        return f"that computer is on; start chat-tui {peer.name} there, or write the right port"
    if Way.SILENT in ways:
        return "that computer is off or elsewhere, or a firewall there drops what comes"
    if Way.UNREACHABLE in ways:
        return "see whether the address is right, and whether both computers are in one network"
    return f"is chat-tui {peer.name} running, in the same room? Then write where: {peer.name}@HOST"
