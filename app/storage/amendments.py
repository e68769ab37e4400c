"""The index of edits, deletions and reactions: what is said about an entry, found from the entry's digest.

- A record is a function of its entry alone, so the order of arrival leaves no trace, and a target that is not here yet
  needs no record of its own.
- Records about one target stand by kind, author and symbol, the latest first: the one that counts is found without
  reading those that it replaced, however many there are.
- Reactions by somebody who is refused are passed over when reading: they are back with the author.
- What one message can make a reader read is bounded: `MAX_SYMBOLS` by one author, `MAX_REACTIONS` in all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.amendments import Amended, Amendment, Deletion, Edit, Reaction, decode_amendment
from app.entry import DIGEST_BYTES, KIND_DELETION, KIND_EDIT, KIND_REACTION, decode_entry, entry_digest
from app.errors import DamagedError
from app.hashing import blake2b
from app.storage.environment import Table, Txn
from app.storage.schema import AMENDMENT_KEY, AMENDMENTS, ENTRIES, ENTRY_KEY, PEERS, FeedRecord, decode_peer

MAX_SYMBOLS = 16  # by one author on one message; more are not shown
MAX_REACTIONS = 512  # on one message
MAX_VERSIONS = 100  # of one message, that are read at a time

_LATEST = 2**64 - 1
_WHO_BYTES = 8
_PREFIX_BYTES = DIGEST_BYTES + 1
_OWN_BYTES = 9
_GROUP_BYTES = _PREFIX_BYTES + _WHO_BYTES + 8  # digest, kind, author, symbol

FeedOf = Callable[[int], FeedRecord]


def record_of(feed: FeedRecord, seq: int, data: bytes) -> tuple[bytes, bytes] | None:
    """The index's (key, value) for entry `seq` of `feed`; None if it amends nothing."""
    entry = decode_entry(data)
    amendment = decode_amendment(entry)
    if amendment is None:
        return None
    key = AMENDMENT_KEY.pack(
        amendment.target.digest,
        _kind(amendment),
        feed.author[:_WHO_BYTES],
        _symbol_hash(amendment),
        _LATEST - (entry.time or 0),
        entry_digest(feed.id, seq, entry.time, data)[-_OWN_BYTES:],
    )
    value = ENTRY_KEY.pack(feed.num, seq)
    if isinstance(amendment, Reaction):
        value += bytes([amendment.given]) + amendment.symbol.encode()
    return key, value


def is_outdated(txn: Txn, tables: dict[bytes, Table], feed: FeedRecord, seq: int, data: bytes) -> bool:
    """Whether the author has said something later of the kind that an entry says about another; True if it amends
    nothing, False if it counts."""
    record = record_of(feed, seq, data)
    if record is None:
        return True
    key, cursor = record[0], txn.cursor(tables[AMENDMENTS])
    latest = cursor.key() if cursor.set_range(key[:_GROUP_BYTES]) else b""
    return latest[:_GROUP_BYTES] == key[:_GROUP_BYTES] and latest[:-_OWN_BYTES] < key[:-_OWN_BYTES]


class AmendmentReader:
    """Reads the index in one transaction."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feed_of: FeedOf) -> None:
        self._txn = txn
        self._tables = tables
        self._feed_of = feed_of
        self._any = bool(txn.stat(tables[AMENDMENTS])["entries"])

    def amended(self, feed: FeedRecord, seq: int, time: int | None, data: bytes) -> Amended | None:
        """How entry `seq` of `feed`, these bytes, stands after what has been said about it; None: as written."""
        if not self._any:
            return None
        digest = entry_digest(feed.id, seq, time, data)
        cursor = self._txn.cursor(self._tables[AMENDMENTS])
        if not cursor.set_range(digest) or cursor.key()[:DIGEST_BYTES] != digest:
            return None
        versions = self._versions(feed.author, digest, 1)
        text, edited = (versions[0][1], versions[0][0]) if versions else (None, None)
        deleted = self._deleted(feed.author, digest)
        return Amended(text, edited, deleted, self._reactions(digest))

    def versions(self, feed: FeedRecord, seq: int, time: int | None, data: bytes) -> list[tuple[int | None, str]]:
        """(time, text) of the edits of an entry by its author, the latest first, at most `MAX_VERSIONS`."""
        return self._versions(feed.author, entry_digest(feed.id, seq, time, data), MAX_VERSIONS)

    def _versions(self, author: bytes, digest: bytes, limit: int) -> list[tuple[int | None, str]]:
        found: list[tuple[int | None, str]] = []
        for value in self._by(author, digest, KIND_EDIT):
            num, seq = ENTRY_KEY.unpack(value)
            entry = decode_entry(self._data(num, seq))
            amendment = decode_amendment(entry)
            if isinstance(amendment, Edit):
                found.append((entry.time, amendment.text))
            if len(found) >= limit:
                break
        return found

    def _deleted(self, author: bytes, digest: bytes) -> bool:
        return any(True for _ in self._by(author, digest, KIND_DELETION))

    def _by(self, author: bytes, digest: bytes, kind: int) -> Iterator[bytes]:
        """The values of what `author` says with `kind`, the latest first."""
        prefix = digest + bytes([kind]) + author[:_WHO_BYTES]
        cursor = self._txn.cursor(self._tables[AMENDMENTS])
        if not cursor.set_range(prefix):
            return
        for key, value in cursor.iternext():
            if key[: len(prefix)] != prefix:
                return
            # Eight bytes of a key do not settle whose it is.
            if self._feed_of(ENTRY_KEY.unpack(value)[0]).author == author:
                yield value

    def _reactions(self, digest: bytes) -> tuple[tuple[str, tuple[bytes, ...]], ...]:
        prefix = digest + bytes([KIND_REACTION])
        cursor = self._txn.cursor(self._tables[AMENDMENTS])
        given: dict[str, list[bytes]] = {}
        who, symbols, groups, refused = b"", 0, 0, False
        found = cursor.set_range(prefix)
        while found and groups < MAX_REACTIONS:
            key, value = cursor.item()
            if key[:_PREFIX_BYTES] != prefix:
                break
            group = key[:_GROUP_BYTES]
            groups += 1
            author = key[_PREFIX_BYTES : _PREFIX_BYTES + _WHO_BYTES]
            by = self._feed_of(ENTRY_KEY.unpack(value[: ENTRY_KEY.size])[0]).author
            symbols = symbols + 1 if author == who else 1
            if author != who:
                who, refused = author, self._is_refused(by)
            if value[ENTRY_KEY.size] and symbols <= MAX_SYMBOLS and not refused:
                given.setdefault(value[ENTRY_KEY.size + 1 :].decode(), []).append(by)
            if symbols >= MAX_SYMBOLS or refused:  # past all that this author says
                group = key[: _PREFIX_BYTES + _WHO_BYTES]
            found = cursor.set_range(_after(group))
        return tuple(
            (symbol, tuple(sorted(authors)))
            for symbol, authors in sorted(given.items(), key=lambda item: (-len(item[1]), item[0]))
        )

    def _is_refused(self, author: bytes) -> bool:
        record = self._txn.get(author, None, self._tables[PEERS])
        return record is not None and decode_peer(author, record).refused

    def _data(self, num: int, seq: int) -> bytes:
        data = self._txn.get(ENTRY_KEY.pack(num, seq), None, self._tables[ENTRIES])
        if data is None:
            raise DamagedError(f"entry {seq} of feed number {num} is missing: run chat-tui check ME")
        return data


def _kind(amendment: Amendment) -> int:
    match amendment:
        case Edit():
            return KIND_EDIT
        case Deletion():
            return KIND_DELETION
        case Reaction():
            return KIND_REACTION


def _symbol_hash(amendment: Amendment) -> bytes:
    if isinstance(amendment, Reaction):
        return blake2b(amendment.symbol.encode(), digest_size=8).digest()
    return bytes(8)


def _after(prefix: bytes) -> bytes:
    """The first key that does not begin with `prefix` or anything before it."""
    return (int.from_bytes(prefix) + 1).to_bytes(len(prefix))
