"""Proofs that somebody signed two different entries with one number, as they are kept: few for each, and verified.

- What is kept proves itself (app.fork_proof): it is verified before it is written, and again each time it is read.
- A proof has 128 KiB of entries at most, and MAX_KEPT are kept of one author; those by authors whom nobody here has
  met count together against who brought them, since anybody can make keys. The first ones stay: who could push out
  an earlier proof with a new one could get rid of what speaks against them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from app.entry import Run, entry_digest, fold_chain, skim_entry
from app.fork_proof import Fork, ForkProof, decode_proof, encode_proof
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.schema import CITATIONS, CITER, DANGLING, ENTRIES, ENTRY_KEY, FORKS, FeedRecord
from app.storage.verification import VerifiedRun

MAX_KEPT = 8  # 1 MiB; two texts say all about somebody that a hundred would


def find_proof(reader: FeedReader, feed: FeedRecord, item: VerifiedRun, *, via: bytes, time: int) -> ForkProof | None:
    """What a verified run proves that contradicts `feed`; None if the two have parted before it."""
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
    proof = ForkProof(feed.author, mine, there, via, time)
    return proof if proof.holds else None


def keep(txn: Txn, tables: dict[bytes, Table], proof: ForkProof, payer: Callable[[ForkProof], bytes]) -> bool:
    """Whether it is kept and was not yet. payer: against whom one counts."""
    table = tables[FORKS]
    if txn.get(proof.key, None, table) is not None:
        return False
    whose = payer(proof)
    kept = (decode_proof(value) for _, value in txn.cursor(table))
    if sum(1 for other in kept if other is not None and payer(other) == whose) >= MAX_KEPT:
        return False
    txn.put(proof.key, encode_proof(proof), db=table)
    return True


def read_forks(
    txn: Txn, tables: dict[bytes, Table], feeds: Feeds, is_replaced: Callable[[bytes], bool]
) -> Iterator[Fork]:
    """All that are kept and hold, with the branch that is here now as `here`."""
    for _, value in txn.cursor(tables[FORKS]):
        proof = decode_proof(value)
        record = None if proof is None else feeds.by_id(proof.here.feed)
        if proof is None or record is None or record.author != proof.author:
            continue
        stored = txn.get(ENTRY_KEY.pack(record.num, proof.here.first), None, tables[ENTRIES])
        if stored == proof.there.entries[0]:  # after a repair others may have brought that one first
            proof = ForkProof(proof.author, proof.there, proof.here, proof.via, proof.time)
        yield Fork(proof, record.name, is_replaced(record.id), _is_again(txn, tables, feeds, proof))


def first_fork(txn: Txn, tables: dict[bytes, Table], feed: bytes) -> int:
    """The first entry of `feed` of which another one is kept; 0: none."""
    cursor = txn.cursor(tables[FORKS])
    if cursor.set_range(feed) and cursor.key().startswith(feed):
        return int.from_bytes(cursor.key()[len(feed) : len(feed) + 8])
    return 0


def _is_again(txn: Txn, tables: dict[bytes, Table], feeds: Feeds, proof: ForkProof) -> bool:
    """Whether the author wrote the other entry once more: what does so cites it, and comes from another feed."""
    there = proof.there
    digest = entry_digest(there.feed, there.first, skim_entry(there.entries[0])[0], there.entries[0])
    for table in (DANGLING, CITATIONS):
        cursor = txn.cursor(tables[table])
        if cursor.set_range(digest):
            for key in cursor.iternext(values=False):
                found, num, seq = CITER.unpack(key)
                if found != digest:
                    break
                by = feeds.known(num)
                if by is None or by.author != proof.author or by.id == there.feed:
                    continue
                data = txn.get(ENTRY_KEY.pack(num, seq), b"", tables[ENTRIES])
                if there.entries[0] in data:  # byte for byte, whatever stands around it
                    return True
    return False
