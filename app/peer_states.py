"""Where each peer stands, as the faces show it: what the mesh told, beside what is remembered of them.

Behind one name there may be several nodes. The one that matters most is shown, in the order of _PROMINENCE.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from app.door import Door
from app.errors import UsageError
from app.holdings import Holdings
from app.identity import fingerprint, grouped
from app.names import PeerSpec, name_key
from app.people import set_apart
from app.status import PeerPhase, PeerStatus
from app.text import one_line

if TYPE_CHECKING:
    from app.replication.mesh_events import PeerState
    from app.replication.session import Session
    from app.transfer import Transfer
    from app.way import Way

MAX_STATES = 64  # peers that are remembered to be shown, beside those who are connected

_PROMINENCE = [PeerPhase.CONNECTED, PeerPhase.REFUSED, PeerPhase.KNOCKING, PeerPhase.CONNECTING, PeerPhase.LOST]


class _Traffic(Struct):
    """Of one session. missing: entries to come here, from this peer or others who have them too; lacking: to go there;
    level: both sides said that nothing is to come from the other; unkept: what of it is not kept here, in words."""

    coming: Transfer
    going: Transfer
    missing: int = 0
    lacking: int = 0
    level: bool = False
    unkept: str = ""


class PeerStates:
    def __init__(
        self,
        me: str,
        own: bytes,
        named: Mapping[str, PeerSpec],
        door: Door,
        holdings: Holdings,
        *,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """own: own public key; named: by the comparison form of names; now: monotonic seconds."""
        self._me = name_key(me)
        self._own = own
        self._named = named
        self._door = door
        self._holdings = holdings
        self._now = now
        self._states: dict[tuple[str, bytes | None], PeerState] = {}
        self._traffic: dict[str, dict[Session, _Traffic]] = {}  # by name
        self.way: Callable[[str], Way | None] = lambda _: None  # to a named peer; while there is a mesh, its answer

    def changed(self, state: PeerState) -> PeerState | None:
        """The mesh told where a peer stands now. Where it stood before, if that was known."""
        which = (name_key(state.name), state.key)
        before = self._states.pop(which, None)
        self._states[which] = state
        if len(self._states) > MAX_STATES:
            self._forget_somebody(which)
        if state.key is not None:
            self._states.pop((which[0], None), None)  # who it is is known now
        return before

    def progressed(self, session: Session, missing: int, lacking: int, *, level: bool) -> str | None:
        """How far a session is apart. The name under which it is shown."""
        if session.remote is None:
            return None
        name = self.shown_peer(session.remote.key, session.remote.name)
        traffic = self._of_session(name, session)
        traffic.missing, traffic.lacking, traffic.level = missing, lacking, level
        traffic.coming.left(missing, self._now())
        traffic.going.left(lacking, self._now())
        return name

    def not_kept(self, session: Session, why: str) -> str:
        """Not all that a session brings is kept. The sentence about it."""
        if session.remote is None:
            return f"not all that a peer brings is kept: {why}"
        name = self.shown_peer(session.remote.key, session.remote.name)
        self._of_session(name, session).unkept = why
        return f"not all that {name} brings is kept: {why}"

    def refused(self) -> list[PeerState]:
        """Who was proved to be somebody, and refused."""
        return [s for s in self._states.values() if s.phase is PeerPhase.REFUSED and s.key is not None]

    def all(self) -> Sequence[PeerStatus]:
        """Every peer there is something to say about: the named ones first, in the order in which they were named."""
        named = [peer.name for peer in self._named.values()]
        others = {self.shown(state) for state in self._states.values()}
        return [
            self.of(name) for name in (*named, *sorted(name for name in others if name_key(name) not in self._named))
        ]

    def called(self, name: str) -> Sequence[PeerStatus]:
        """Those that are shown as `name` or pinned under it; without a name, those that were named. UsageError: nobody
        is called so."""
        known = self.all()
        if not name:
            return known[: len(self._named)]
        found = [peer for peer in known if name_key(peer.name) == name_key(name)]
        if not found and (record := self._door.pinned(name)):
            found = [self.of(record.name)]
        if not found:
            raise UsageError(f"nobody called {one_line(name)} is named or was met here: /peers lists them")
        return found

    def of(self, name: str) -> PeerStatus:
        """name: as it is shown."""
        which = name_key(name)
        states = [state for state in self._states.values() if name_key(self.shown(state)) == which]
        record = self._door.pinned(name)
        known = "" if record is None else f"key {grouped(fingerprint(record.key))}"
        verified = record is not None and record.verified_at is not None
        way = self.way(name)
        dialling = way is not None and way.found
        seen = None if record is None else self._holdings.seen(record)
        if not states:
            phase, detail = PeerPhase.CONNECTING, "looking for it"
            shown = self.display(name)
            return PeerStatus(shown, phase, detail, known=known, verified=verified, dialling=dialling, seen=seen)
        state = min(states, key=lambda state: _PROMINENCE.index(state.phase))
        if record is not None and state.key not in (None, record.key):
            verified, seen = False, None  # not this one
        if record is None and state.key is not None:
            known = f"key {grouped(fingerprint(state.key))}"
        traffic, now = self._busiest(which), self._now()
        missing, lacking = (traffic.missing, traffic.lacking) if traffic else (0, 0)
        moving = traffic and (traffic.coming if missing else traffic.going)
        return PeerStatus(
            self.display(name),
            state.phase,
            state.detail,
            missing,
            lacking,
            known,
            verified,
            own=state.key == self._own,
            waits=state.phase is PeerPhase.KNOCKING and state.key not in self._door.waiting(),
            barrier=state.barrier,
            level=traffic is not None and traffic.level and not (missing or lacking),
            total=moving.total(now) if moving else 0,
            rate=moving.rate(now) if moving else 0.0,
            dialling=dialling,
            seen=None if state.phase is PeerPhase.CONNECTED else seen,
            unkept=traffic.unkept if traffic else "",
        )

    def shown(self, state: PeerState) -> str:
        return state.name if state.key is None else self.shown_peer(state.key, state.name)

    def shown_peer(self, key: bytes, said: str) -> str:
        """The name under which a connection is shown: of whom the key is, else of whom it says it is; strangers who
        say the same are told apart."""
        if key == self._own:
            return said
        record = self._door.records.get(key)
        if record is not None and record.pinned_at is not None:
            return record.name
        if name_key(said) in self._named or self._door.pinned(said) is not None:
            return said
        rivals = {other for name, other in self._states if name == name_key(said)} - {key, None}
        if name_key(said) == self._me:
            rivals.add(self._own)
        return set_apart(key, said, filter(None, rivals)) if rivals else said

    def display(self, name: str) -> str:
        """A name as the command line has it, or as it was met."""
        named = self._named.get(name_key(name))
        record = self._door.pinned(name)
        return named.name if named else record.name if record else name

    def _of_session(self, name: str, session: Session) -> _Traffic:
        sessions = self._traffic.get(name_key(name), {})
        if session not in sessions:
            from app.transfer import Transfer  # not before the first frame

            self._forget_ended()
            sessions = self._traffic.setdefault(name_key(name), {})
            sessions[session] = _Traffic(Transfer(), Transfer())
        return sessions[session]

    def _busiest(self, which: str) -> _Traffic | None:
        sessions = [t for session, t in self._traffic.get(which, {}).items() if not session.closed]
        return max(sessions, key=lambda traffic: (traffic.missing, traffic.lacking), default=None)

    def _forget_somebody(self, newest: tuple[str, bytes | None]) -> None:
        """Anybody can make any number of keys, also under a name that I look for: who is gone goes first."""
        gone = [key for key, state in self._states.items() if state.phase in (PeerPhase.REFUSED, PeerPhase.LOST)]
        if gone:
            del self._states[next((key for key in gone if key[0] not in self._named), gone[0])]
        elif newest[0] not in self._named:
            del self._states[newest]

    def _forget_ended(self) -> None:
        for name, sessions in list(self._traffic.items()):
            self._traffic[name] = {session: traffic for session, traffic in sessions.items() if not session.closed}
            if not self._traffic[name]:
                del self._traffic[name]
