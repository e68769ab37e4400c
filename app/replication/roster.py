"""Whom to dial, at which address, when.

No clock and no I/O: `now` in monotonic seconds goes in, dials and a deadline come out.

- Every named peer is dialled at every address known for it: those heard on mDNS, those given on the command line, and
  its preferred port on this computer, for two people on one computer need no multicast.
- An address rests while a node that was met there is connected. Another node under the same name, a second device of
  the same author, is dialled as well.
- A failing address is tried again after a jittered delay that doubles up to 30 s. Hearing the peer on mDNS, or a change
  of the network, ends the delay.
- My own other devices are looked for like peers, without being asked for: whoever says on mDNS that they have my name
  and my key. Who has only my name is not.
- What is heard is a stranger's claim: it orders dials and adds them, up to a limit. It settles nothing.
"""

from __future__ import annotations

import random as random_module
from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from app.names import PeerSpec, name_key, preferred_port
from app.replication.candidate import Address, Candidate
from app.text import one_line
from app.way import Attempt, Reach, Source, Way

FIRST_DELAY = 0.25
LONGEST_DELAY = 30.0
STAGGER = 0.25  # between two addresses of one peer, as happy eyeballs has it (RFC 8305, section 5)
STEADY_AFTER = 5.0  # a session that ends sooner counts as a failed attempt: two programs that disagree do not spin
MAX_CANDIDATES = 16  # per name; somebody who announces more of them makes us dial no more
MAX_FLYING = 4  # unfinished dials per name
HEARD_AGAIN = 1.0  # announcements in quick succession end a delay once
_MANY_ATTEMPTS = 16  # enough doublings to reach the longest delay


class Dial(Struct, frozen=True):
    """An attempt to reach the peer whose comparison form is `key`, called `name` by the user, at `address`."""

    key: str
    name: str
    address: Address


class _Target(Struct):
    address: Address
    source: Source
    hinted_node: bytes | None = None
    contradicts: bool = False
    met_node: bytes | None = None
    myself: bool = False
    attempts: int = 0
    due: float = 0.0
    reset_at: float = float("-inf")
    flying_since: float | None = None
    reach: Reach = Reach.UNTRIED  # the last time that it was dialled
    why: str = ""

    @property
    def node(self) -> bytes | None:
        return self.met_node or self.hinted_node


class _Wanted(Struct):
    name: str
    fingerprint: str | None
    is_me: bool = False
    given: list[Address] = field(default_factory=list)
    fallback: Address | None = None
    candidates: dict[str, Candidate] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)  # instance: the other room that it is in
    targets: dict[Address, _Target] = field(default_factory=dict)
    connected: dict[bytes, float] = field(default_factory=dict)  # node: since when


class Roster:
    def __init__(
        self,
        peers: Sequence[PeerSpec],
        *,
        room: str,
        own_node: bytes,
        loopback: str | None,
        random: random_module.Random,
        now: float,
        devices: Sequence[PeerSpec] = (),
    ) -> None:
        """loopback: where preferred ports on this computer may be tried, if at all; devices: other nodes of mine, with
        my name and fingerprint, with or without an address.
        """
        self._room = name_key(room)
        self._own_node = own_node
        self._random = random
        self._wanted: dict[str, _Wanted] = {}
        for spec in peers:
            wanted = self._wanted.setdefault(name_key(spec.name), _Wanted(spec.name, None))
            wanted.fingerprint = wanted.fingerprint or spec.fingerprint
            port = preferred_port(spec.name, room)
            if spec.host is not None:
                wanted.given.append(Address(spec.host, port if spec.port is None else spec.port))
            if loopback is not None:
                wanted.fallback = Address(loopback, port)
        for spec in devices:
            wanted = self._wanted.setdefault(name_key(spec.name), _Wanted(spec.name, spec.fingerprint, is_me=True))
            if spec.host is not None:
                port = preferred_port(spec.name, room) if spec.port is None else spec.port
                wanted.given.append(Address(spec.host, port))
        for wanted in self._wanted.values():
            self._rebuild(wanted, now)

    def names(self) -> list[str]:
        """The named peers, as the user calls them."""
        return [wanted.name for wanted in self._wanted.values() if not wanted.is_me]

    def wants(self, name: str) -> bool:
        return name_key(name) in self._wanted

    def expects(self, name: str, fingerprint: str) -> bool:
        """Whether somebody who answered a dial, and is called so, is anybody that is looked for."""
        wanted = self._wanted.get(name_key(name))
        return wanted is not None and not (wanted.is_me and wanted.fingerprint != fingerprint)

    def pin(self, name: str, fingerprint: str) -> None:
        """The key of a named peer is known now: announcements of another one are tried last."""
        wanted = self._wanted.get(name_key(name))
        if wanted is not None and wanted.fingerprint != fingerprint and not wanted.is_me:
            wanted.fingerprint = fingerprint
            for target in wanted.targets.values():
                claims = [c for c in wanted.candidates.values() if target.address in c.addresses]
                target.contradicts = bool(claims) and all(self._contradicts(wanted, c) for c in claims)

    def heard(self, candidate: Candidate, now: float) -> None:
        """An instance was announced: new, changed, or again."""
        wanted = self._wanted.get(name_key(candidate.name))
        if wanted is not None and wanted.is_me and candidate.fingerprint != wanted.fingerprint:
            wanted = None
        for other in self._wanted.values():
            if other is not wanted and candidate.instance in other.candidates:
                del other.candidates[candidate.instance]
                self._rebuild(other, now)
        if wanted is None or candidate.node == self._own_node:
            return
        wanted.elsewhere.pop(candidate.instance, None)
        if name_key(candidate.room) != self._room:
            if len(wanted.elsewhere) < MAX_CANDIDATES:
                wanted.elsewhere[candidate.instance] = candidate.room
            if wanted.candidates.pop(candidate.instance, None) is not None:
                self._rebuild(wanted, now)
            return
        if candidate.instance not in wanted.candidates and len(wanted.candidates) >= MAX_CANDIDATES:
            return
        wanted.candidates[candidate.instance] = candidate
        self._rebuild(wanted, now)
        for address in candidate.addresses:
            target = wanted.targets[address]
            if now - target.reset_at >= HEARD_AGAIN:
                _reset(target, now)

    def gone(self, instance: str, now: float) -> None:
        """An instance said goodbye, or was not heard for too long."""
        for wanted in self._wanted.values():
            wanted.elsewhere.pop(instance, None)
            if instance in wanted.candidates:
                del wanted.candidates[instance]
                self._rebuild(wanted, now)

    def network_changed(self, now: float) -> None:
        for target in self._targets():
            target.myself = False
            _reset(target, now)

    def due(self, now: float) -> list[Dial]:
        """The dials to begin now. Each is to be followed by `failed`, `refused`, `met_myself` or `connected`."""
        dials = []
        for key, wanted in self._wanted.items():
            target = self._next(wanted, now)
            if target is not None and self._ready_at(wanted, target) <= now:
                target.flying_since = now
                dials.append(Dial(key, wanted.name, target.address))
        return dials

    def deadline(self, now: float) -> float | None:
        """When `due` will have something, if nothing happens before."""
        times = [
            self._ready_at(wanted, target)
            for wanted in self._wanted.values()
            if (target := self._next(wanted, now)) is not None
        ]
        return min(times, default=None)

    def failed(self, dial: Dial, now: float, reach: Reach = Reach.FAILED, why: str = "") -> None:
        """Nobody answered there, or not in a way that makes a session. why: the system's word for it."""
        target = self._target(dial)
        if target is not None:
            target.reach, target.why = reach, why
            self._delay(target, now)

    def refused(self, dial: Dial, now: float, reach: Reach = Reach.MET, why: str = "") -> None:
        """Somebody answered who is not to be talked to, or does not want to: ask again, but rarely."""
        target = self._target(dial)
        if target is not None:
            target.attempts = _MANY_ATTEMPTS
            target.reach, target.why = reach, why
            self._delay(target, now)

    def met_myself(self, dial: Dial) -> None:
        """The address is my own: not dialled again until the network changes."""
        target = self._target(dial)
        if target is not None:
            target.flying_since = None
            target.myself = True
            target.reach = Reach.MYSELF

    def connected(self, name: str, node: bytes, dial: Dial | None, now: float) -> None:
        """A session with a named peer was authenticated and not refused, through `dial` or from the other side."""
        target = None if dial is None else self._target(dial)
        if target is not None:
            target.flying_since = None
            target.met_node = node
            target.reach, target.why = Reach.MET, ""
        wanted = self._wanted.get(name_key(name))
        if wanted is not None:
            wanted.connected[node] = now

    def disconnected(self, name: str, node: bytes, now: float) -> None:
        """The last session with this node under this name ended."""
        wanted = self._wanted.get(name_key(name))
        since = None if wanted is None else wanted.connected.pop(node, None)
        if wanted is None or since is None:
            return
        for target in wanted.targets.values():
            if target.node in {node, None} and target.flying_since is None:
                if now - since >= STEADY_AFTER:
                    target.attempts = 0
                self._delay(target, now)

    def is_connected(self, name: str) -> bool:
        wanted = self._wanted.get(name_key(name))
        return wanted is not None and bool(wanted.connected)

    def found(self) -> frozenset[str]:
        """The names to whose owners a way is known, as the user calls them."""
        return frozenset(name for name in self.names() if (way := self.way(name)) is not None and way.found)

    def way(self, name: str) -> Way | None:
        """What is known of the way to a peer; None if nobody of that name is dialled."""
        wanted = self._wanted.get(name_key(name))
        if wanted is None:
            return None
        attempts = tuple(
            Attempt(
                one_line(str(target.address)),
                target.source,
                target.reach if target.flying_since is None else Reach.TRYING,
                one_line(target.why),
            )
            for target in wanted.targets.values()
        )
        return Way(attempts, tuple(sorted({one_line(room) for room in wanted.elsewhere.values()})))

    def is_obsolete(self, dial: Dial) -> bool:
        """Whether what the dial is for has been reached in another way meanwhile."""
        wanted, target = self._wanted[dial.key], self._target(dial)
        return target is None or self._rests(wanted, target)

    def _targets(self) -> Iterable[_Target]:
        return [target for wanted in self._wanted.values() for target in wanted.targets.values()]

    def _target(self, dial: Dial) -> _Target | None:
        return self._wanted[dial.key].targets.get(dial.address)

    def _rebuild(self, wanted: _Wanted, now: float) -> None:
        """Make the targets match the sources, keeping what was learnt of those that stay."""
        fresh: dict[Address, _Target] = {}
        for address in wanted.given:
            fresh.setdefault(address, _Target(address, Source.GIVEN, due=now))
        # Those that agree with the known key first: they decide how an address that several claim is seen.
        for candidate in sorted(wanted.candidates.values(), key=lambda c: self._contradicts(wanted, c)):
            contradicts = self._contradicts(wanted, candidate)
            for address in candidate.addresses:
                target = _Target(address, Source.HEARD, candidate.node, contradicts, due=now)
                fresh.setdefault(address, target)
        if wanted.fallback is not None:
            fresh.setdefault(wanted.fallback, _Target(wanted.fallback, Source.GUESSED, due=now))
        for address, target in fresh.items():
            known = wanted.targets.get(address)
            if known is not None:
                known.source, known.contradicts = target.source, target.contradicts
                if known.hinted_node != target.hinted_node:
                    known.hinted_node, known.met_node = target.hinted_node, None  # another node has this address now
                fresh[address] = known
        wanted.targets = fresh

    def _contradicts(self, wanted: _Wanted, candidate: Candidate) -> bool:
        return None not in {wanted.fingerprint, candidate.fingerprint} and wanted.fingerprint != candidate.fingerprint

    def _rests(self, wanted: _Wanted, target: _Target) -> bool:
        if target.myself or target.node in wanted.connected:
            return True
        return bool(wanted.connected) and (target.contradicts or target.source is Source.GUESSED)

    def _next(self, wanted: _Wanted, now: float) -> _Target | None:
        """The target to dial first: of those that are due the most promising, else the one that is due soonest."""
        flying = {target.node for target in wanted.targets.values() if target.flying_since is not None}
        if len([t for t in wanted.targets.values() if t.flying_since is not None]) >= MAX_FLYING:
            return None
        waiting = [
            target
            for target in wanted.targets.values()
            if target.flying_since is None and not self._rests(wanted, target)
        ]
        return min(
            waiting,
            key=lambda t: (
                max(t.due, now),
                t.contradicts,
                t.node is not None and t.node in flying,
                t.source,
                t.attempts,
                t.address.host.startswith("fe80:"),
            ),
            default=None,
        )

    def _ready_at(self, wanted: _Wanted, target: _Target) -> float:
        begun = [other.flying_since for other in wanted.targets.values() if other.flying_since is not None]
        return max([target.due, *(since + STAGGER for since in begun)])

    def _delay(self, target: _Target, now: float) -> None:
        target.flying_since = None
        longest = min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(target.attempts, _MANY_ATTEMPTS))
        target.due = now + longest * self._random.uniform(0.5, 1.0)
        target.attempts += 1


def _reset(target: _Target, now: float) -> None:
    target.attempts = 0
    target.due = min(target.due, now)
    target.reset_at = now
