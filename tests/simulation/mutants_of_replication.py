"""Faults in replication. The first line of each one's docstring is its line in the table."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from app import own_feed
from app.entry import fold_chain
from app.frontier import Advance, Head
from app.replication import puller, serving
from app.replication.announcer import Announcer
from app.replication.duplicates import Links
from app.replication.exchange import Exchange
from app.replication.intake import IngestRequest, Intake
from app.replication.numbering import Numbering
from app.replication.own_branches import OwnBranches
from app.replication.puller import Puller
from app.replication.pusher import Pusher
from app.replication.roster import Roster
from app.replication.session import Session
from tests.simulation.mutation import Patch


def acknowledged_before_the_commit(patch: Patch) -> None:
    """What came from a peer is acknowledged before it is durable."""
    take = Exchange.take_ingests

    def take_and_acknowledge(exchange: Exchange) -> list[IngestRequest]:
        requests = take(exchange)
        for run in (run for request in requests for run in request.runs):
            head = Head(1, run.last, fold_chain(run.before, run.entries))
            exchange.committed([Advance(run.feed, run.first, head)], 0.0)
        return requests

    patch(Exchange, "take_ingests", take_and_acknowledge)


def nothing_is_relayed(patch: Patch) -> None:
    """Entries of others are never announced."""
    patch(Announcer, "tell", lambda *_, **__: None)


def claim_is_lost_with_its_session(patch: Patch) -> None:
    """What was asked of a peer that is gone is waited for, for ever."""
    patch(Puller, "_release", lambda *_: None)


def want_never_expires(patch: Patch) -> None:
    """A peer that does not answer is waited for, for ever."""
    patch(puller, "PROGRESS_SECONDS", math.inf)
    patch(puller, "MAX_REQUEST_SECONDS", math.inf)


def void_for_ever(patch: Patch) -> None:
    """What a peer once did not serve in time is never asked of it again."""
    void, offers = Puller._void, Puller._offers

    def void_for_good(self: Puller, source: Any, feed: bytes) -> None:
        void(self, source, feed)
        source.link.marks[feed].gaps = -(1 << 30)

    patch(Puller, "_void", void_for_good)
    patch(Puller, "_offers", lambda self, mark, feed: mark.gaps >= 0 and offers(self, mark, feed))


def gives_up_when_the_disk_is_full(patch: Patch) -> None:
    """What could not be written is never tried again."""
    patch(Intake, "tick", lambda *_: None)


def forgets_what_could_not_be_written(patch: Patch) -> None:
    """What could not be written counts as received."""
    patch(Intake, "failed", lambda *_: None)


def length_for_hash(patch: Patch) -> None:
    """Level means equal lengths, not equal hashes."""
    patch(Head, "short_hash", property(lambda _: bytes(16)))


def held_by_who_says_so(patch: Patch) -> None:
    """An acknowledgement counts whatever hash it has."""
    acknowledged = Pusher.acknowledged

    def believe(self: Pusher, link: Any, theirs: Head) -> bool | None:
        mine = self._heads[self._feed]
        whole = mine.hash if theirs.seq == mine.seq else self._store.hash_at(self._feed, theirs.seq)
        return acknowledged(self, link, theirs if whole is None else Head(theirs.low, theirs.seq, whole))

    patch(Pusher, "acknowledged", believe)


def unproved_claim_is_believed(patch: Patch) -> None:
    """Who claims more of the own feed than there is, is taken for level."""
    acknowledged = Pusher.acknowledged

    def believe(self: Pusher, link: Any, theirs: Head) -> bool | None:
        head = self._heads[self._feed]
        return acknowledged(self, link, head if theirs.seq > head.seq else theirs)

    patch(Pusher, "acknowledged", believe)


def push_without_a_window(patch: Patch) -> None:
    """What is pushed and not acknowledged is not bounded."""

    def send(self: Pusher, link: Any, window: Any, runs: Any, head: Head) -> bool:
        runs = self._store.read_runs(self._feed, window.sent + 1, head.seq, 1 << 40)
        window.bytes = -(1 << 40)
        return real(self, link, window, runs, head)

    real = Pusher._send
    patch(Pusher, "_send", send)


def unbounded_budget(patch: Patch) -> None:
    """How much is asked for does not depend on what the disk has yet to write."""
    patch(Puller, "_affordable", lambda _: True)
    patch(puller, "MAX_REQUESTS", 16)


def unbounded_output(patch: Patch) -> None:
    """Answers are written whether or not the other side reads them."""
    patch(serving, "OUTPUT_ROOM", 1 << 40)
    patch(serving, "_CHUNK", 1 << 30)
    patch(serving, "_Answer", partial(serving._Answer, left=1 << 40))


def numbers_are_used_again(patch: Patch) -> None:
    """A feed that is introduced late gets the number of an earlier one."""
    add = Numbering.add

    def add_again(self: Numbering, feed: bytes) -> None:
        add(self, feed)
        if len(self._feeds) > 2:
            self._numbers[feed] = 1

    patch(Numbering, "add", add_again)


def want_ids_are_used_again(patch: Patch) -> None:
    """All wants of a session have the same id."""
    want = Session.want

    def want_again(self: Session, ranges: Any) -> int:
        self._wants = 0
        return want(self, ranges)

    patch(Session, "want", want_again)


def the_dead_are_not_noticed(patch: Patch) -> None:
    """A peer that fell silent is kept for ever."""
    patch(Session, "_dead_at", lambda _: math.inf)
    patch(Links, "add", lambda self, link, **_: self._links.setdefault(link.peer, link) and None)


def nobody_is_dialled_again(patch: Patch) -> None:
    """After a connection has ended nobody dials."""
    patch(Roster, "disconnected", lambda *_: None)


def answers_are_served_short(patch: Patch) -> None:
    """The last run of an answer is left out, and its end told."""
    read = serving.Server._read

    def short(self: Any, *arguments: Any) -> Any:
        runs = read(self, *arguments)
        return runs[:-1]

    patch(serving.Server, "_read", short)


def healed_logs_are_left_alone(patch: Patch) -> None:
    """After a log was healed nobody looks for more of its other branch."""
    seek = OwnBranches.seek

    def seek_own(self: OwnBranches, link: Any, feed: bytes, now: float) -> None:
        if feed == self._feed:
            seek(self, link, feed, now)

    patch(OwnBranches, "seek", seek_own)


def lost_logs_are_left_alone(patch: Patch) -> None:
    """A log with two branches whose database was lost is healed by nobody."""
    seek = OwnBranches.seek

    def seek_own(self: OwnBranches, link: Any, feed: bytes, now: float) -> None:
        if feed == self._feed or feed in self._earlier:
            seek(self, link, feed, now)

    patch(OwnBranches, "seek", seek_own)


def a_branch_is_saved_once_or_never(patch: Patch) -> None:
    """A branch of the own log that could not be saved is given up."""
    patch(own_feed, "RETRY_SECONDS", 1e6)
