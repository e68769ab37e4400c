"""Proofs that somebody signed two different entries with one number, as they are kept: few for each, and verified.

- What is kept proves itself (app.fork_proof): it is verified before it is written, and again each time it is read.
- A proof has 128 KiB of entries at most, and MAX_KEPT are kept of one author; those by authors whom nobody here has
  met count together against who brought them, since anybody can make keys. The first ones stay: who could push out
  an earlier proof with a new one could get rid of what speaks against them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import islice

from app.entry import Run, decode_entry, entry_digest, fold_chain, skim_entry
from app.fork_proof import Fork, ForkProof, decode_proof, encode_proof, parse_proof
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.schema import CITATIONS, CITER, DANGLING, ENTRIES, ENTRY_KEY, FORKS, FeedRecord
from app.storage.verification import VerifiedRun

_MAX_LOOKED_AT = 64  # entries, and citations of each: what is told of a fork must not take longer than a frame
MAX_KEPT = 8  # 1 MiB; two texts say all about somebody that a hundred would


def find_proof(reader: FeedReader, feed: FeedRecord, item: VerifiedRun, *, via: bytes, time: int) -> ForkProof | None:
    """What a verified run may prove that contradicts `feed`; None if the two have parted before it."""
    run = item.run
    if not feed.low <= run.first <= feed.seq or reader.hash_at(feed, run.first - 1) != run.before:
        return None
    here = reader.entries(feed, run.first, min(run.last, feed.seq))
    same = next((n for n, pair in enumerate(zip(run.entries, here, strict=False)) if pair[0] != pair[1]), None)
    if same is None:
        return None
    first, before = run.first + same, fold_chain(run.before, run.entries[:same])
    mine = reader.run_at(feed, first, before)
    there = Run(run.feed, first, before, run.entries[same:], run.signature)
    return ForkProof(feed.author, mine, there, via, time)


class Keeping:
    """What one transaction keeps. What is there is counted once: one frame can bring thousands of other entries with
    one number, each signed by who wants to be a nuisance, and who writes here meanwhile waits for them."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], payer: Callable[[bytes, bytes], bytes]) -> None:
        """payer: against whom a proof counts, by its author and who brought it."""
        self._txn = txn
        self._table = tables[FORKS]
        self._payer = payer
        parsed = (parse_proof(value) for _, value in txn.cursor(self._table))
        self._kept = Counter(payer(proof.author, proof.via) for proof in parsed if proof is not None)

    def has_room(self, author: bytes, via: bytes) -> bool:
        return self._kept[self._payer(author, via)] < MAX_KEPT

    def keep(self, proof: ForkProof) -> bool:
        """Whether it is kept and was not yet; for one for which there is room."""
        if self._txn.get(proof.key, None, self._table) is not None or not proof.holds:
            return False
        self._txn.put(proof.key, encode_proof(proof), db=self._table)
        self._kept[self._payer(proof.author, proof.via)] += 1
        return True


def read_forks(
    txn: Txn, tables: dict[bytes, Table], feeds: Feeds, is_replaced: Callable[[bytes], bool]
) -> Iterator[Fork]:
    """All that are kept and hold, with the branch that is here now as `here`."""
    copies = _Copies(txn, tables, feeds)
    for _, value in txn.cursor(tables[FORKS]):
        proof = decode_proof(value)
        record = None if proof is None else feeds.by_id(proof.here.feed)
        if proof is None or record is None or record.author != proof.author:
            continue
        stored = txn.get(ENTRY_KEY.pack(record.num, proof.here.first), None, tables[ENTRIES])
        if stored == proof.there.entries[0]:  # after a repair others may have brought that one first
            proof = ForkProof(proof.author, proof.there, proof.here, proof.via, proof.time)
        yield Fork(proof, record.name, is_replaced(record.id), copies.have(proof))


def first_fork(txn: Txn, tables: dict[bytes, Table], feed: bytes) -> int:
    """The first entry of `feed` of which another one is kept; 0: none."""
    cursor = txn.cursor(tables[FORKS])
    if cursor.set_range(feed) and cursor.key().startswith(feed):
        return int.from_bytes(cursor.key()[len(feed) : len(feed) + 8])
    return 0


class _Copies:
    """What authors wrote once more in another feed."""

    def __init__(self, txn: Txn, tables: dict[bytes, Table], feeds: Feeds) -> None:
        self._txn = txn
        self._tables = tables
        self._feeds = feeds

    def have(self, proof: ForkProof) -> bool:
        """Whether all is there of the other branch that people read, as far as the proof goes."""
        there = proof.there
        shown = [(seq, data) for seq, data in enumerate(there.entries, there.first) if decode_entry(data).shown]
        return all(self._has(proof, seq, data) for seq, data in shown[:_MAX_LOOKED_AT])

    def _has(self, proof: ForkProof, seq: int, data: bytes) -> bool:
        """What copies an entry cites it."""
        digest = entry_digest(proof.there.feed, seq, skim_entry(data)[0], data)
        for table in (DANGLING, CITATIONS):
            cursor = self._txn.cursor(self._tables[table])
            if not cursor.set_range(digest):
                continue
            for key in islice(cursor.iternext(values=False), _MAX_LOOKED_AT):
                found, num, at = CITER.unpack(key)
                if found != digest:
                    break
                by = self._feeds.known(num)
                if by is None or by.author != proof.author or by.id == proof.there.feed:
                    continue
                if data in self._txn.get(ENTRY_KEY.pack(num, at), b"", self._tables[ENTRIES]):  # byte for byte
                    return True
        return False
