"""What of a feed with two branches its author has said once more already, in another feed."""

from __future__ import annotations

from app.entry import KIND_GENESIS, entry_digest, skim_entry
from app.storage.amendments import is_outdated
from app.storage.copies import FeedOf, copied_by, copies_of
from app.storage.environment import Table, Txn
from app.storage.placing import is_shown
from app.storage.schema import FeedRecord


class WrittenAgain:
    """Reads in one transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feed_of: FeedOf, feed: FeedRecord) -> None:
        self._txn = txn
        self._tables = tables
        self._feed_of = feed_of
        self._feed = feed

    def has(self, seq: int, data: bytes) -> bool:
        """Whether there is a copy of entry `seq` of one of the branches, these bytes, in another feed of its author."""
        time, seen, kind = skim_entry(data)
        if not is_shown(kind):
            return False
        digest = copied_by(kind, seen) or entry_digest(self._feed.id, seq, time, data)
        copies = copies_of(self._txn, self._tables, self._feed_of, digest, self._feed.author)
        return any(num != self._feed.num for num, _ in copies)

    def has_or_later(self, seq: int, data: bytes) -> bool:
        """The same, and of what is said about others: whether the author has said something about it since then.

        What was lost must not overrule what was said when it was not known.
        """
        kind = skim_entry(data)[2]
        if is_shown(kind):
            return self.has(seq, data)
        return kind == KIND_GENESIS or is_outdated(self._txn, self._tables, self._feed, seq, data)
