"""Replication of one node over all its sessions: what comes in, what became durable, and what follows from it.

- Pure: no await, no clock, no I/O but reads of the store. The driver feeds it and carries out what it asks for
  (`take_ingests`, `take_dirty`, `take_events`, `deadline`).
- Claims move nothing but wants; only what is durable here is announced, served, pushed or acknowledged.
- Who breaks a rule is dismissed with BYE 7, and nobody else is blamed for it.
- This module decides who does what; how is in `announcer`, `pusher`, `serving`, `puller` and `intake`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from random import Random

from app.errors import ProtocolError
from app.frontier import Advance, Head
from app.ingest import IngestReport, Refusal
from app.replication.accounts import Accounts
from app.replication.announcer import Announcer
from app.replication.events import Closed, Event, HavesReceived, HeadsReceived, RunsReceived, WantReceived
from app.replication.exchange_events import Behind, Diverged, ExchangeEvent, Held, Level, Misbehaved, OverQuota
from app.replication.frames import MAX_CONTENT, ByeReason
from app.replication.intake import IngestRequest, Intake, with_before
from app.replication.link import Link, Progress
from app.replication.other_branches import OtherBranches
from app.replication.own_branches import OwnBranches
from app.replication.puller import Puller
from app.replication.pusher import Pusher
from app.replication.serving import Server
from app.replication.session import Session
from app.replication.store import Store

__all__ = [
    "Behind",
    "Diverged",
    "Exchange",
    "ExchangeEvent",
    "Held",
    "IngestRequest",
    "Level",
    "Misbehaved",
    "OverQuota",
    "Progress",
]

MAX_PUSHED_BYTES = 2 * MAX_CONTENT  # not durable here; a peer that keeps to the protocol stays below half of it
MAX_GAPS = 3  # refusals without a known cause before a claim is void: a store and an exchange at odds must not spin


class Exchange:
    def __init__(
        self,
        store: Store,
        own_feed: bytes,
        *,
        random: Random,
        earlier: Collection[bytes] = (),
        withholds: Callable[[bytes], bool] = lambda _: False,
    ) -> None:
        """earlier: feeds that the own one replaces; withholds: whether the author of a feed is refused here."""
        self._withholds = withholds
        self._store = store
        self._own_feed = own_feed
        self._heads: dict[bytes, Head] = store.frontier()
        self._withheld = {feed for feed in self._heads if withholds(feed)}
        self._authors: dict[bytes, bytes] = {}
        self._links: dict[Session, Link] = {}
        self._by_author: dict[bytes, list[Link]] = {}
        self._dirty: set[Session] = set()
        self._events: list[ExchangeEvent] = []
        self._intake = Intake(self._heads)
        self._puller = Puller(self._heads, self._intake, random, self._dirty)
        self._accounts = Accounts()
        self._server = Server(store, own_feed, self._heads, self._dirty, sum(head.seq for head in self._heads.values()))
        self._pusher = Pusher(store, own_feed, self._heads, self._dirty)
        self._branches = OwnBranches(store, own_feed, earlier, self._heads, self._dirty)
        self._others = OtherBranches(store, own_feed, self._heads, self._intake, self._dirty)
        self._announcer = Announcer(self._heads, own_feed, random, self._dirty)

    # Sessions.

    def open(self, session: Session, now: float) -> None:
        """After `Admitted`."""
        if session.remote is None or session in self._links:
            raise ValueError("a session is opened once, after it was admitted")
        account = self._accounts.of(session.remote.key, now)
        link = Link(session, session.remote, account, self._heads)
        self._links[session] = link
        self._by_author.setdefault(link.remote.key, []).append(link)
        self._puller.open(link)
        self._server.open(link)
        self._pusher.open(link)
        self._announcer.open(link, [feed for feed in self._heads if not self._withholds(feed)], now)
        try:
            session.count_against(account.patience, now)
        except ProtocolError as error:
            self._dismiss(link, str(error), now)

    def close(self, session: Session, now: float) -> None:
        """The session is over; doing it twice is allowed."""
        link = self._links.pop(session, None)
        if link is None:
            return
        peers = self._by_author[link.remote.key]
        peers.remove(link)
        if not peers:
            del self._by_author[link.remote.key]
        self._branches.close(link, now)
        for part in (self._announcer, self._others, self._pusher, self._server, self._puller):
            part.close(link)
        self._dirty.discard(session)
        self._puller.pump(now)

    def handle(self, session: Session, event: Event, now: float) -> None:
        """Any event of a session; those of a session that is not open here are ignored."""
        link = self._links.get(session)
        if link is None:
            return
        try:
            match event:
                case HeadsReceived(heads, complete):
                    link.whole = link.whole or complete
                    self._claims(link, heads, now)
                case HavesReceived(heads):
                    self._claims(link, heads, now)
                case RunsReceived():
                    self._runs(link, event, now)
                case WantReceived(_, ranges):
                    for wanted in ranges:
                        self._announcer.relied_on(link, wanted.feed)
                        if self._others.are_likely(link, wanted, now):
                            self._diverge(link, wanted.feed, now)
                    self._server.want(link, event, now)
                case Closed():
                    self.close(session, now)
        except ProtocolError as error:
            self._dismiss(link, str(error), now)

    def writable(self, session: Session, now: float) -> None:
        """The session's output was taken and the transport takes more."""
        link = self._links.get(session)
        if link is not None:
            self._announcer.flush(link, now)
            self._server.serve(link, now)

    def progress(self, session: Session) -> Progress | None:
        """How far the two sides are apart; None if the session is not open here."""
        link = self._links.get(session)
        return None if link is None else self._progress(link)

    @property
    def wanted(self) -> int:
        """How many feeds somebody offers more of than is here or under way."""
        return self._puller.needs

    # The store.

    def committed(self, advances: Sequence[Advance], now: float) -> None:
        """Entries that became durable here, own and others', in the order of their commits. Repetition is harmless."""
        before = self._heads[self._own_feed].seq
        for advance in advances:
            head = self._heads.get(advance.feed)
            if head is not None and head.seq >= advance.head.seq:
                continue
            self._heads[advance.feed] = advance.head
            self._server.grew(advance.head.seq - (head.seq if head else 0))
            if advance.feed != self._own_feed:
                self._advanced(advance.feed, advance.head, now)
        if self._heads[self._own_feed].seq > before:
            self._puller.advanced(self._own_feed, now)
            for link, theirs in self._branches.came_back(self._links.values(), before):
                self._acknowledged(link, theirs, now)
            for link in self._pusher.push(self._links.values()):
                self._announcer.tell(link, self._own_feed, now, soon=True)
        for link in self._links.values():
            self._announcer.flush(link, now)
        self._puller.pump(now)

    def ingested(self, ticket: int, report: IngestReport | None, now: float) -> None:
        """The store's answer to a request from `take_ingests`; None: it could not write, try again later."""
        if report is None:
            self._intake.failed(ticket, now)
            return
        self.committed(report.advances, now)
        done = self._intake.done(ticket)
        if done is None:
            return
        for refused in report.refused:
            feed = refused.run.feed
            match refused.refusal:
                case Refusal.FORKED:
                    self._diverge(done.link, feed, now)
                case Refusal.INVALID | Refusal.ANOTHER_ROOM:
                    self._dismiss(done.link, refused.detail or refused.refusal.value, now)
                case Refusal.GAP:
                    self._gap(done.link, feed)
                case Refusal.UNWANTED:
                    self._refuse(done.link, feed)
                case Refusal.QUOTA:  # nobody's fault for certain: whoever brought the rest may only have passed it on
                    self._pass_over(done.link, feed)
                    self._events.append(OverQuota(done.link.session, refused.detail or refused.refusal.value))
            if self._intake.reset(done, feed):
                self._puller.recheck(feed, now)
        self._puller.pump(now)

    def reconsider(self, now: float) -> None:
        """Other authors may be refused than before: what was offered by those who no more are is wanted, and told."""
        before, self._withheld = self._withheld, {feed for feed in self._heads if self._withholds(feed)}
        for link in self._links.values():
            for feed, mark in link.marks.items():
                if mark.unwanted and feed not in self._withheld:
                    mark.unwanted = mark.diverged = False
                    link.recount(feed)
                    self._puller.claim(link, feed, now, grace=False)
            for feed in before - self._withheld:
                self._announcer.tell(link, feed, now, soon=True)
        self._puller.pump(now)

    # Time, and what the driver carries out.

    def tick(self, now: float) -> None:
        """To be called when `deadline` has passed; at other times it does nothing."""
        self._intake.tick(now)
        self._announcer.tick(now)
        self._branches.tick(now)
        self._puller.tick(now)
        self._puller.pump(now)
        self._server.tick(now)

    def deadline(self) -> float | None:
        parts = (self._intake, self._announcer, self._puller, self._server, self._branches)
        return min((time for part in parts if (time := part.deadline()) is not None), default=None)

    def take_ingests(self) -> list[IngestRequest]:
        """Runs for the store, in the order in which it must get them."""
        return self._intake.take()

    def take_dirty(self) -> set[Session]:
        """Sessions that have something to write, or were told goodbye."""
        dirty = set(self._dirty)
        self._dirty.clear()
        return dirty

    def take_events(self) -> list[ExchangeEvent]:
        for link in self._links.values():
            progress = self._progress(link)
            if progress != link.reported:
                link.reported = progress
                told = Level if progress.level else Behind
                self._events.append(told(link.session, progress.here, progress.there))
        events, self._events = self._events + self._branches.take_events(self._links.values()), []
        return events

    # Inside.

    def _claims(self, link: Link, heads: Iterable[tuple[bytes, Head]], now: float) -> None:
        for feed, head in heads:
            self._claim(link, feed, head, now)
        self._puller.pump(now)

    def _claim(self, link: Link, feed: bytes, theirs: Head, now: float) -> None:
        mark = link.mark(feed)
        fell_back = theirs.seq < mark.seq
        mark.low, mark.seq, mark.short_hash, mark.void = theirs.low, theirs.seq, theirs.short_hash, False
        mark.sent = min(mark.sent, theirs.seq) if fell_back else mark.sent
        if mark.diverged:
            self._branches.seek(link, feed, now)
            return
        if self._withholds(feed):
            self._refuse(link, feed)
            return
        mine = self._heads.get(feed)
        if feed == self._own_feed:
            self._acknowledged(link, theirs, now)
            if mine is not None and theirs.seq > mine.seq:
                # Perhaps this database was rolled back, perhaps it is a lie: the signature of what is fetched tells.
                self._puller.claim(link, feed, now, grace=False)
        elif mine is not None and self._branches.is_other(link, feed, mine, theirs, now):
            self._diverge(link, feed, now)
        else:
            self._puller.claim(link, feed, now, grace=self._author_will_push(link, feed))
            if mine is not None and theirs.seq >= mine.seq:
                self._announcer.not_relied_on(link, feed)
        if fell_back and mine is not None and mine.seq > theirs.seq:
            self._announcer.tell(link, feed, now, soon=True)
        link.recount(feed)

    def _acknowledged(self, link: Link, theirs: Head, now: float) -> None:
        match self._pusher.heard(link, theirs, now):
            case Diverged():
                self._diverge(link, self._own_feed, now)
            case Held() as held:
                self._events.append(held)

    def _author_will_push(self, link: Link, feed: bytes) -> bool:
        """Whether somebody else is connected who writes this feed and is level with us so far."""
        author = self._author(feed)
        if author is None:
            return False
        upto = self._intake.upto(feed)
        return any(other is not link and other.seq(feed) == upto for other in self._by_author.get(author, ()))

    def _runs(self, link: Link, event: RunsReceived, now: float) -> None:
        if event.id == 0:
            self._pushed(link, event, now)
        elif not (self._branches.received(link, event, now) or self._others.received(link, event)):
            self._puller.received(link, event, now)
        self._puller.pump(now)

    def _pushed(self, link: Link, event: RunsReceived, now: float) -> None:
        self._puller.progressed(link, now)
        for run in event.runs:
            author = self._author(run.feed)
            if author is not None and author != link.remote.key:
                raise ProtocolError("a push of entries by somebody else")
            mark = link.mark(run.feed)
            if run.last > mark.seq:
                mark.seq, mark.short_hash, mark.void = run.last, b"", False
            upto = self._intake.upto(run.feed)
            wanted = not mark.diverged and run.feed != self._own_feed and run.last > upto
            whole = with_before(run, self._heads) if wanted and run.first <= upto + 1 else None
            link.account.pay_for_useless(upto + 1 - run.first if whole else len(run.entries), run.size, now)
            if whole is not None:
                self._intake.add(link, [whole], pushed=True)
                self._puller.advanced(run.feed, now)
            elif wanted:  # something before it was lost or refused: fetch it as anything else
                self._puller.claim(link, run.feed, now, grace=False)
            link.recount(run.feed)
        if self._intake.pushed_bytes(link) > MAX_PUSHED_BYTES:
            raise ProtocolError("more pushed entries than may be unacknowledged")

    def _advanced(self, feed: bytes, head: Head, now: float) -> None:
        """Entries of somebody else are durable: tell their author at once and others if they may need to know."""
        author = self._author(feed)
        for link in self._links.values():
            if link.remote.key == author or link.waits_in_vain(feed, head.seq):
                self._announcer.acknowledge(link, feed)  # of another branch too: who wrote both has to know of it
            mark = link.marks.get(feed)
            if mark is not None:
                mark.gaps = 0  # what was missing has come
                link.recount(feed)
                if mark.diverged:
                    continue
                if mark.seq == head.seq and mark.short_hash and mark.short_hash != head.short_hash:
                    self._diverge(link, feed, now)
                    continue
            if link.remote.key != author and link.seq(feed) < head.seq:
                self._announcer.tell(link, feed, now)
        self._branches.grew(self._links.values(), feed, now)
        self._puller.advanced(feed, now)

    def _author(self, feed: bytes) -> bytes | None:
        author = self._authors.get(feed)
        if author is None and feed in self._heads:
            known = self._store.feed_author(feed)
            if known is not None:
                author = self._authors[feed] = known[0]
        return author

    def _gap(self, link: Link, feed: bytes) -> None:
        mark = link.mark(feed)
        mark.gaps += 1
        if mark.gaps >= MAX_GAPS:
            mark.gaps, mark.void = 0, True
            link.recount(feed)
            self._puller.diverged(link, feed)

    def _diverge(self, link: Link, feed: bytes, now: float) -> None:
        mark = link.mark(feed)
        if mark.diverged or link.session not in self._links:
            return
        self._pass_over(link, feed)
        self._events.append(Diverged(link.session, feed))
        self._branches.seek(link, feed, now)
        self._others.seek(link, feed)

    def _refuse(self, link: Link, feed: bytes) -> None:
        """Its author is refused here."""
        self._pass_over(link, feed)
        link.mark(feed).unwanted = True

    def _pass_over(self, link: Link, feed: bytes) -> None:
        """In this session it is neither wanted nor pushed any more."""
        link.mark(feed).diverged = True
        link.recount(feed)
        self._puller.diverged(link, feed)

    def _dismiss(self, link: Link, text: str, now: float) -> None:
        if link.session not in self._links:
            return
        self.close(link.session, now)
        link.session.goodbye(ByeReason.RULE_BROKEN, text)
        self._dirty.add(link.session)
        self._events.append(Misbehaved(link.session, text))

    def _progress(self, link: Link) -> Progress:
        unheld = self._pusher.unheld(link)
        whole = link.whole and not self._announcer.is_introducing(link) and not self._branches.is_pending(link)
        level = whole and not (link.missing_here or unheld or self._server.pending(link))
        return Progress(link.offered_here, unheld + self._server.lacking(link), level)
