"""What becomes of each connection: proved, admitted or not, the one to its peer or a duplicate, open, ended.

A member is told to the node as `PeerState`s, to the roster as reached or not, to the exchange once both sides admitted.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

from app.identity import fingerprint
from app.names import name_key
from app.replication.addresses import is_loopback
from app.replication.duplicates import Link, Links, Peer
from app.replication.events import Admitted, Authenticated, Closed, Event, RunsReceived, Waiting
from app.replication.exchange_events import Behind, Level
from app.replication.frames import ByeReason
from app.replication.handshake import RemotePeer
from app.replication.mesh_events import Admission, PeerState, Verdict
from app.replication.mesh_exchange import ExchangeDriver
from app.replication.mesh_story import Story
from app.replication.patience import Pace
from app.replication.roster import Dial, Roster
from app.replication.session import Session
from app.replication.transport import Connection
from app.status import Barrier, PeerPhase
from app.text import one_line
from app.way import Reach

SILENT_AFTER = 7.0  # a living session hears something every 5 s at least, because it asks
MAX_LINKS = 512  # with TLS and buffers about 200 KiB each
MAX_WAITING = 32  # let in by nobody yet: anybody can make any number of keys
MAX_WAITING_EACH = 8  # at one address
SENT_AWAY_SECONDS = 60.0  # for who broke a rule
MAX_SENT_AWAY = 1_024  # remembered
ARRIVALS_BURST, ARRIVALS_PER_SECOND = 64, 1.0  # of one key: it dials again after a quarter of a second, then ever later
MAX_ARRIVALS = 1_024  # remembered
MAX_TOLD = 1_024  # peers whose last state is remembered; strangers can make any number

_LOG = logging.getLogger(__name__)
_UNWELCOME = {
    ByeReason.REFUSED: Barrier.WILL,
    ByeReason.ANOTHER_ROOM: Barrier.ROOM,
    ByeReason.NO_COMMON_VERSION: Barrier.VERSION,
    ByeReason.RULE_BROKEN: Barrier.RULE,
    ByeReason.ANOTHER_KEY: Barrier.KEY,
}


@dataclass(eq=False, slots=True)
class Member:
    """One connection. dial: None for an inbound one; on_proved: called once it proved a key, with whether it is
    welcome, `remote` from then on; link: once it was not refused; story: what the log tells of it;
    succeeds: who closed another connection in favour of this one, which has yet to be proved; reach, why: how far a
    dial came, if it failed."""

    dial: Dial | None
    connection: Connection = field(init=False)
    story: Story = field(init=False)
    on_proved: Callable[[bool], None] | None = None
    remote: RemotePeer | None = None
    link: Link[Member] | None = None
    reach: Reach = Reach.FAILED
    why: str = ""
    opened: bool = False
    ended: bool = False
    receiving: bool = False
    succeeds: RemotePeer | None = None

    @property
    def session(self) -> Session | None:
        return self.connection.session


class Members:
    def __init__(
        self,
        own: Peer,
        roster: Roster,
        driver: ExchangeDriver,
        *,
        admit: Callable[[RemotePeer], Admission],
        on_state: Callable[[PeerState], None],
        on_change: Callable[[], None],
    ) -> None:
        """on_change: there may be somebody else to dial now."""
        self._roster = roster
        self._driver = driver
        self._admit = admit
        self._on_state = on_state
        self._on_change = on_change
        self._loop = asyncio.get_running_loop()
        self._links: Links[Member] = Links(own)
        self._all: set[Member] = set()
        self._sessions: dict[Session, Member] = {}
        self._told: dict[tuple[str, bytes | None], PeerState] = {}
        self._sent_away: dict[bytes, float] = {}  # until when
        self._arrivals: dict[bytes, Pace] = {}
        self._begun = 0

    def __len__(self) -> int:
        return len(self._all)

    def add(self, member: Member) -> None:
        self._all.add(member)
        self._begun += 1
        member.story = Story(f"connection {self._begun}", self._loop.time())
        member.story.begins(member.dial)

    def secured(self, member: Member) -> None:
        """TLS is there."""
        member.story.secured(member.connection)

    def progressed(self, event: Level | Behind) -> None:
        member = self._sessions.get(event.session)
        if member is not None:
            member.story.progressed(event)

    def received(self, member: Member, events: list[Event]) -> None:
        session = member.session
        if session is None:
            return
        self._sessions.setdefault(session, member)
        member.receiving = True
        for event in events:
            self._receive(member, session, event)
        member.receiving = False
        member.connection.flush()

    def output(self, session: Session) -> None:
        """The exchange has queued something for it."""
        member = self._sessions.get(session)
        if member is not None and not member.receiving:
            member.connection.flush()

    def dismissed(self, session: Session, text: str) -> None:
        """The exchange has said goodbye to it. text: the rule that it broke."""
        member = self._sessions.get(session)
        if member is not None:
            self._send_away(member, text)
            self._end(member, ByeReason.RULE_BROKEN, text)
            member.connection.flush()

    def writable(self, member: Member) -> None:
        if member.opened and not member.ended and member.session is not None:
            self._driver.writable(member.session)

    def forget(self, member: Member) -> None:
        """Its connection is gone, or never came to be."""
        self._end(member, None, "the connection was cut")
        member.story.ended(member.connection, "this program leaves", self._loop.time())
        if member.session is not None:
            self._sessions.pop(member.session, None)
        self._all.discard(member)
        member.connection.release()

    def reconsider(self) -> None:
        """Ask the node again about everybody who is connected."""
        for link in self._links:
            member = link.item
            if member.session is not None and member.remote is not None:
                admission = self._admit(member.remote)
                match admission.verdict:
                    case Verdict.REFUSE:
                        self._refuse(member, member.session, admission)
                    case Verdict.ADMIT:
                        self._let_in(member, member.session, member.remote, admission)
                    case Verdict.KNOCK:  # it knows that it has to wait
                        continue
                member.connection.flush()

    def drop_from(self, addresses: frozenset[str]) -> None:
        """This computer has only these addresses now: connections from others carry nothing any more."""
        for member in list(self._all):
            if member.connection.own_ip and member.connection.own_ip not in addresses:
                self._end(member, None, "this computer's address changed")
                member.connection.abort()

    def leave(self) -> list[Connection]:
        """Say goodbye to everybody. Answers the connections that are still to be waited for."""
        connections = []
        for member in list(self._all):
            if member.session is None:
                continue
            member.session.goodbye(ByeReason.LEAVING)
            member.connection.flush()
            member.ended = True
            connections.append(member.connection)
        return connections

    def tell(self, name: str, key: bytes | None, phase: PeerPhase, detail: str, barrier: Barrier | None = None) -> None:
        state = PeerState(one_line(name), key, phase, one_line(detail), barrier)
        which = (name_key(name), key)
        if self._told.pop(which, None) != state:
            self._on_state(state)
        self._told[which] = state
        if len(self._told) > MAX_TOLD:
            del self._told[next(iter(self._told))]

    def _receive(self, member: Member, session: Session, event: Event) -> None:
        match event:
            case Authenticated(remote):
                self._authenticated(member, session, remote)
            case Waiting():
                if member.remote is not None and not member.ended:  # else it was refused here a moment ago
                    member.story.waiting()
                    self.tell(member.remote.name, member.remote.key, PeerPhase.KNOCKING, "waiting to be accepted")
            case Admitted():
                self._open(member, session)
            case Closed(reason, text, remote_initiated):
                if reason is ByeReason.RULE_BROKEN and not remote_initiated:
                    self._send_away(member, text)
                self._end(member, reason, text)
            case RunsReceived() if member.opened and not member.ended:
                member.story.received += sum(len(run.entries) for run in event.runs)
                self._driver.handle(session, event)
            case _ if member.opened and not member.ended:
                self._driver.handle(session, event)

    def _authenticated(self, member: Member, session: Session, remote: RemotePeer) -> None:
        member.remote = remote
        member.story.authenticated(remote, member.connection)
        dial = member.dial
        if dial is not None and not self._roster.expects(remote.name, fingerprint(remote.key)):
            # Somebody else has the port or the address: not a peer that anybody here asked for.
            session.goodbye(ByeReason.REFUSED, f"looking for {dial.name}")
            self._end(member, ByeReason.DUPLICATE, "")
            self._roster.refused(dial, self._loop.time(), Reach.STRANGE, f"{remote.name} answers there")
            return
        admission = self._bounded(member, remote, self._admit(remote))
        member.story.judged(admission)
        if member.on_proved is not None:
            member.on_proved(admission.verdict is Verdict.ADMIT)
        if admission.verdict is Verdict.REFUSE:
            self._refuse(member, session, admission)
            return
        member.link = Link(Peer(remote.key, remote.node), remote.run, dial is not None, member)
        self._roster.connected(remote.name, remote.node, dial, self._loop.time())
        loser = self._links.add(member.link, is_silent=self._is_silent)
        if loser is not None:
            self._yield(loser.item)
            self._rename(loser.item, member)
        self._let_in(member, session, remote, admission)

    def _bounded(self, member: Member, remote: RemotePeer, admission: Admission) -> Admission:
        if admission.verdict is Verdict.REFUSE:
            return admission
        if self._loop.time() < self._sent_away.get(remote.key, 0.0):
            return Admission(Verdict.REFUSE, "it broke a rule of the protocol a moment ago", ByeReason.BUSY)
        if admission.verdict is Verdict.ADMIT and member.dial is None and not self._may_arrive(remote.key):
            return Admission(Verdict.REFUSE, "it comes again and again", ByeReason.BUSY)
        waiting = [link.item.connection.where for link in self._links if not link.item.opened]
        where = member.connection.where
        crowded = len(waiting) >= MAX_WAITING or (not is_loopback(where) and waiting.count(where) >= MAX_WAITING_EACH)
        if len(self._links) >= MAX_LINKS or (admission.verdict is Verdict.KNOCK and crowded):
            return Admission(Verdict.REFUSE, "", ByeReason.BUSY)
        return admission

    def _may_arrive(self, key: bytes) -> bool:
        """Each time costs a handshake, which is no less for being one of a friend's."""
        now = self._loop.time()
        pace = self._arrivals.pop(key, None) or Pace(ARRIVALS_BURST, ARRIVALS_PER_SECOND, now)
        self._arrivals[key] = pace
        if len(self._arrivals) > MAX_ARRIVALS:
            del self._arrivals[next(iter(self._arrivals))]
        if pace.left(now) < 1.0:
            return False
        pace.pay(1, now)
        return True

    def _let_in(self, member: Member, session: Session, remote: RemotePeer, admission: Admission) -> None:
        session.admit(admission.verdict is Verdict.ADMIT)
        if admission.verdict is Verdict.ADMIT:
            self._roster.pin(remote.name, fingerprint(remote.key))
        elif not member.opened and not member.ended:
            self.tell(remote.name, remote.key, PeerPhase.KNOCKING, admission.detail or "asks to be let in")

    def _refuse(self, member: Member, session: Session, admission: Admission) -> None:
        session.goodbye(admission.reason, admission.told)
        self._end(member, admission.reason, admission.detail or admission.reason.sentence)

    def _open(self, member: Member, session: Session) -> None:
        if member.ended or member.remote is None:
            return
        member.opened = True
        member.story.opened()
        self.tell(member.remote.name, member.remote.key, PeerPhase.CONNECTED, "direct connection")
        self._driver.open(session)

    def _send_away(self, member: Member, text: str) -> None:
        """It broke a rule: it is not talked to for a while, or it would do so again at once."""
        name = "somebody" if member.remote is None else f"{member.remote.name} ({fingerprint(member.remote.key)})"
        _LOG.warning("%s at %s broke a rule and was sent away: %s", name, member.connection.where, text)
        if member.remote is not None:
            self._sent_away.pop(member.remote.key, None)
            self._sent_away[member.remote.key] = self._loop.time() + SENT_AWAY_SECONDS
            if len(self._sent_away) > MAX_SENT_AWAY:
                del self._sent_away[next(iter(self._sent_away))]

    def _yield(self, member: Member) -> None:
        """Close a connection in favour of another to the same peer."""
        if member.session is not None:
            member.session.goodbye(ByeReason.DUPLICATE)
        self._end(member, ByeReason.DUPLICATE, "")
        member.connection.flush()

    def _rename(self, loser: Member, newer: Member) -> None:
        """`loser` gave way. If the connection that stays came under another name, nobody has this one's any more."""
        left, link = loser.remote, loser.link
        if left is None or link is None:
            return
        staying = [other.item.remote for other in self._links if other.peer == link.peer]
        if any(remote and name_key(remote.name) == name_key(left.name) for remote in staying):
            return
        self._roster.disconnected(left.name, left.node, self._loop.time())
        if loser is not newer:
            self.tell(left.name, left.key, PeerPhase.LOST, "it has another name now")

    def _is_silent(self, member: Member) -> bool:
        return self._loop.time() - member.connection.received_at > SILENT_AFTER

    def _end(self, member: Member, reason: ByeReason | None, text: str) -> None:
        if member.ended:
            return
        member.ended = True
        member.story.ended(member.connection, text or (reason.sentence if reason else ""), self._loop.time())
        if member.opened and member.session is not None:
            self._driver.close(member.session)
        barrier = None if reason is None else _UNWELCOME.get(reason)
        phase = PeerPhase.LOST if barrier is None else PeerPhase.REFUSED
        now = self._loop.time()
        remote = member.remote
        if remote is not None and member.link is not None:
            if self._links.remove(member.link):
                self._roster.disconnected(remote.name, remote.node, now)
                if reason is ByeReason.DUPLICATE and (successor := self._dialling(remote)) is not None:
                    successor.succeeds = remote
                elif not self._is_linked(remote):
                    self.tell(remote.name, remote.key, phase, text, barrier)
        elif remote is not None and barrier:
            self.tell(remote.name, remote.key, phase, text, barrier)
        elif member.dial is not None and barrier and not self._roster.is_connected(member.dial.name):
            self.tell(member.dial.name, None, phase, text, barrier)
        if member.succeeds is not None and member.link is None and not self._is_linked(member.succeeds):
            self.tell(member.succeeds.name, member.succeeds.key, PeerPhase.LOST, text)
        if member.dial is not None:
            self._settle(member, member.dial, reason, now)
        self._on_change()

    def _dialling(self, remote: RemotePeer) -> Member | None:
        """My connection to it that is on the way. The other side has it whole before I do."""
        name = name_key(remote.name)
        return next((m for m in self._all if m.dial and m.dial.key == name and not m.link and not m.ended), None)

    def _settle(self, member: Member, dial: Dial, reason: ByeReason | None, now: float) -> None:
        if reason is ByeReason.SELF:
            self._roster.met_myself(dial)
        elif reason in _UNWELCOME:
            self._roster.refused(dial, now)
        elif member.link is None:
            self._roster.failed(dial, now, member.reach, member.why)

    def _is_linked(self, remote: RemotePeer) -> bool:
        return any(link.peer.key == remote.key and link.item.opened for link in self._links)
