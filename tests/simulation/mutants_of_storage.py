"""Faults in the log. The first line of each one's docstring is its line in the table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

import app.storage.batch
import app.storage.feeds
import app.storage.log
import app.storage.placing
from app.clock import HybridClock
from app.entry import DIGEST_BYTES
from app.identity import PublicKey
from app.storage.amendments import AmendmentReader
from app.storage.batch import Batch
from app.storage.environment import Environment
from app.storage.feeds import FeedChanges
from app.storage.following import _Journal
from app.storage.new_entries import NewEntries
from app.storage.placing import PlaceReader, Placing
from app.storage.ranks import Ranks
from app.storage.renewal import Renewing
from app.storage.schema import AMENDMENTS, ENTRY_KEY, U32, FeedRecord
from tests.simulation.mutation import Patch


class _LostError(Exception):
    pass


def commit_is_lost(patch: Patch) -> None:
    """Now and then a commit is told that did not happen."""
    write = Environment.write
    commits = 0

    def forget(self: Environment, work: Any) -> Any:
        nonlocal commits
        commits += 1
        if commits % 50:
            return write(self, work)
        results: list[Any] = []

        def abort(txn: Any) -> None:
            results.append(work(txn))
            raise _LostError

        try:
            write(self, abort)
        except _LostError:
            return results[-1]

    patch(Environment, "write", forget)


def frontier_is_not_durable(patch: Patch) -> None:
    """The heads of feeds are kept in memory only."""

    def only_new(self: FeedChanges) -> list[FeedRecord]:
        records = list(self._changed.values())
        for record in records:
            if self._feeds.by_id(record.id) is None:
                self._txn.put(U32.pack(record.num), record.encode(), db=self._tables[b"feeds"])
        return records

    patch(FeedChanges, "write", only_new)


def gap_is_jumped_over(patch: Patch) -> None:
    """An entry whose predecessor is missing is stored."""
    take = Batch._take

    def jump(self: Batch, item: Any, gained: Any, via: bytes, accounts: Any) -> Any:
        feed = self._changes.by_id(item.run.feed)
        if feed is not None and item.run.first > feed.seq + 1:
            gained.setdefault(feed.id, item.run.first)
            moved = replace(feed, seq=item.run.first - 1)
            self._extend(moved, item.run.entries, [(item.run.last, item.head, item.run.signature)])
            return None
        return take(self, item, gained, via, accounts)

    patch(Batch, "_take", jump)


def duplicate_is_stored(patch: Patch) -> None:
    """What is here already is stored once more."""
    take = Batch._take

    def twice(self: Batch, item: Any, gained: Any, via: bytes, accounts: Any) -> Any:
        feed = self._changes.by_id(item.run.feed)
        if feed is not None and 1 < item.run.first <= feed.seq:
            gained.setdefault(feed.id, feed.seq + 1)
            last = feed.seq + len(item.run.entries)
            self._extend(feed, item.run.entries, [(last, item.head, item.run.signature)])
            return None
        return take(self, item, gained, via, accounts)

    patch(Batch, "_take", twice)


def chain_is_not_checked(patch: Patch) -> None:
    """Signed entries that do not continue what is here are stored."""
    take = Batch._take

    def join(self: Batch, item: Any, gained: Any, via: bytes, accounts: Any) -> Any:
        feed = self._changes.by_id(item.run.feed)
        if feed is not None and item.run.first == feed.seq + 1:
            gained.setdefault(feed.id, item.run.first)
            self._extend(feed, item.run.entries, [(item.run.last, item.head, item.run.signature)])
            return None
        return take(self, item, gained, via, accounts)

    patch(Batch, "_take", join)


def signature_is_not_checked(patch: Patch) -> None:
    """Entries that nobody signed are stored."""
    verify = PublicKey.verify
    patch(
        PublicKey,
        "verify",
        lambda self, message, signature: b"checkpoint" in message or verify(self, message, signature),
    )


def checkpoints_are_too_far_apart(patch: Patch) -> None:
    """Checkpoints before the head are not kept."""
    patch(app.storage.feeds, "keeps_checkpoint", lambda *_: False)
    patch(app.storage.batch, "keeps_checkpoint", lambda *_: False)


def own_feed_is_begun_anew(patch: Patch) -> None:
    """After a start the own feed goes on one entry before its end."""
    append = Batch.append

    def rewrite(self: Batch, own_num: int, identity: Any, said: Any) -> None:
        feed = self._changes.of(own_num)
        if feed.seq > 3 and self._feeds.recent_hash(feed.id, feed.seq) is None:
            before = self._reader.hash_at(feed, feed.seq - 1) or b""
            self._changes.change(replace(feed, seq=feed.seq - 1, hash=before))
        append(self, own_num, identity, said)

    patch(Batch, "append", rewrite)


def ties_are_broken_locally(patch: Patch) -> None:
    """Entries of the same time stand in the order in which their feeds came."""
    patch(FeedRecord, "tail", property(lambda self: U32.pack(self.num) * 2))


def clamp_is_missing(patch: Patch) -> None:
    """A time that lies days ahead is believed."""
    patch(app.storage.placing, "MAX_AHEAD", 1 << 60)


def what_was_seen_is_ignored(patch: Patch) -> None:
    """The order does not follow what an entry cites."""
    patch(Placing, "_follow", lambda self, new, seq, seen, place: place)


def late_arrivals_move_nothing(patch: Patch) -> None:
    """Who cites an entry that comes later stays where it stands."""
    patch(Placing, "settle", lambda *_: None)


def nothing_is_cited(patch: Patch) -> None:
    """An author does not say what was read."""
    patch(Batch, "_citations", lambda *_: iter(()))


def predecessor_is_ignored(patch: Patch) -> None:
    """The order does not follow the feed, where its times do not."""
    patch(NewEntries, "place", property(lambda _: -1))


def clock_goes_back(patch: Patch) -> None:
    """Entries have the time of the wall clock."""
    patch(HybridClock, "next", lambda _, wall: wall)


def clock_is_not_remembered(patch: Patch) -> None:
    """After a start the clock knows nothing of its last time."""
    init = HybridClock.__init__
    patch(HybridClock, "__init__", lambda self, latest=0: init(self))
    patch(HybridClock, "resume", lambda *_: None)


def copies_stand_beside_their_originals(patch: Patch) -> None:
    """What is written once more in a new feed is shown twice."""
    patch(PlaceReader, "is_superseded", lambda *_: False)
    patch(Placing, "_hide", lambda *_: None)


def the_other_branch_is_forgotten(patch: Patch) -> None:
    """What only the other of two branches has is not written once more."""
    patch(Renewing, "_again", lambda *_: None)


def a_moved_database_goes_on(patch: Patch) -> None:
    """A copy of a database writes on in the same feed."""
    patch(app.storage.log, "settle", lambda *_: False)


def clock_ignores_others(patch: Patch) -> None:
    """Times by others do not move the own clock, and what they were is not cited."""
    patch(HybridClock, "observe", lambda *_: None)
    patch(Batch, "_citations", lambda *_: iter(()))


def counts_forget_moves(patch: Patch) -> None:
    """An entry that moves is counted at both places."""
    change = Ranks.change
    patch(Ranks, "change", lambda self, added, removed: change(self, added, []))


def reader_misses_a_commit(patch: Patch) -> None:
    """Who follows the log is not told of each commit."""
    add = _Journal.add
    commits = 0

    def miss(self: _Journal, advances: Any) -> None:
        nonlocal commits
        commits += 1
        if commits % 40:
            add(self, advances)

    patch(_Journal, "add", miss)


def anybody_edits(patch: Patch) -> None:
    """An edit or deletion by somebody else counts."""

    def by_anybody(self: AmendmentReader, _: bytes, digest: bytes, kind: int) -> Iterator[bytes]:
        cursor = self._txn.cursor(self._tables[AMENDMENTS])
        prefix = digest + bytes([kind])
        if cursor.set_range(prefix):
            for key, value in cursor.iternext():
                if key[: len(prefix)] != prefix:
                    return
                yield value

    patch(AmendmentReader, "_by", by_anybody)


def late_edit_undoes_a_deletion(patch: Patch) -> None:
    """What was deleted comes back when it is edited."""
    deleted = AmendmentReader._deleted

    def unless_edited(self: AmendmentReader, author: bytes, digest: bytes) -> bool:
        return deleted(self, author, digest) and not self._versions(author, digest, 1)

    patch(AmendmentReader, "_deleted", unless_edited)


def first_edit_counts(patch: Patch) -> None:
    """Of several edits the first one counts."""
    versions = AmendmentReader._versions
    patch(AmendmentReader, "_versions", lambda self, author, digest, _: versions(self, author, digest, 99)[::-1])


def reaction_is_counted_twice(patch: Patch) -> None:
    """Who gives a reaction again gives it twice."""
    _replace_reactions(patch, lambda latest, value: value[ENTRY_KEY.size] == 1)


def reaction_is_never_taken_back(patch: Patch) -> None:
    """A reaction that was given once stays."""
    _replace_reactions(patch, lambda latest, value: value[ENTRY_KEY.size] == 1, once=True)


def _replace_reactions(patch: Patch, counts: Any, *, once: bool = False) -> None:
    def reactions(self: AmendmentReader, digest: bytes) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
        given: dict[str, list[bytes]] = {}
        cursor = self._txn.cursor(self._tables[AMENDMENTS])
        prefix = digest + bytes([7])
        found = cursor.set_range(prefix)
        while found and cursor.key()[: DIGEST_BYTES + 1] == prefix:
            value = cursor.value()
            author = self._feed_of(ENTRY_KEY.unpack(value[: ENTRY_KEY.size])[0]).author
            symbol = value[ENTRY_KEY.size + 1 :].decode()
            if counts(None, value) and not (once and author in given.get(symbol, ())):
                given.setdefault(symbol, []).append(author)
            found = cursor.next()
        return tuple((symbol, tuple(authors)) for symbol, authors in given.items())

    patch(AmendmentReader, "_reactions", reactions)
