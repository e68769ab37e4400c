"""Proof that an author signed two different entries with one number: both, each as a run that the author vouches for.

- It needs nothing beside itself: the two runs follow the same entry of one feed, differ in their first entry, and are
  both signed with the author's key. Nobody but who has that key can make one, and whoever gets it can verify it.
- Bytes that are no proof are none (`None`), whatever they are.
"""

from __future__ import annotations

import cbor2
from msgspec import Struct

from app.cbor import CborError, check_cbor
from app.entry import (
    HASH_BYTES,
    KEY_BYTES,
    MAX_SEQ,
    SIGNATURE_BYTES,
    Run,
    checkpoint_message,
    decode_entry,
    entry_hash,
    fold_chain,
)
from app.identity import verify

_MAX_DEPTH = 2
_FIELDS = 10


class ForkProof(Struct, frozen=True):
    """author: public key; here, there: the branch that was here when the other one came, and that one; via: the public
    key of who brought it, or what stands for a file; time: when it came, microseconds since 1970, UTC."""

    author: bytes
    here: Run
    there: Run
    via: bytes
    time: int

    @property
    def key(self) -> bytes:
        """The same for the same entry, whoever brings it."""
        return self.here.feed + self.here.first.to_bytes(8) + entry_hash(self.there.entries[0])[:8]

    @property
    def holds(self) -> bool:
        """Whether it proves what it is to prove."""
        here, there = self.here, self.there
        return (
            (here.feed, here.first, here.before) == (there.feed, there.first, there.before)
            and 1 < here.first <= min(here.last, there.last)
            and max(here.last, there.last) <= MAX_SEQ
            and here.entries[0] != there.entries[0]
            and all(_is_signed(run, self.author) for run in (here, there))
        )


class Fork(Struct, frozen=True):
    """A proof, and what else is known. name: of the author, by the genesis; replaced: the author goes on in a new feed
    in the place of this one; again: in another feed what people read of the other branch was written once more."""

    proof: ForkProof
    name: str
    replaced: bool
    again: bool

    @property
    def differs(self) -> bool:
        """Whether the two branches say different things to people, as far as the proof goes."""
        return _said(self.proof.here) != _said(self.proof.there)


def encode_proof(proof: ForkProof) -> bytes:
    here, there = proof.here, proof.there
    ends = [list(here.entries), here.signature, list(there.entries), there.signature]
    return cbor2.dumps([proof.author, here.feed, here.first, here.before, *ends, proof.via, proof.time])


def decode_proof(data: bytes) -> ForkProof | None:
    """What `encode_proof` made; None for bytes that are nothing of the kind, and for what proves nothing."""
    proof = parse_proof(data)
    return proof if proof is not None and proof.holds else None


def parse_proof(data: bytes) -> ForkProof | None:
    """The same, without asking whether it proves anything: two signatures take longer than all the rest."""
    try:
        check_cbor(data, max_depth=_MAX_DEPTH)
        fields = cbor2.loads(data)
    except (CborError, cbor2.CBORDecodeError, ValueError):
        return None
    if not isinstance(fields, list) or len(fields) < _FIELDS:
        return None
    author, feed, first, before, here, here_signature, there, there_signature, via, time = fields[:_FIELDS]
    if not (_are(bytes, author, feed, before, here_signature, there_signature, via) and _are(int, first, time)):
        return None
    if not (_are(list, here, there) and here and there and _are(bytes, *here, *there)):
        return None
    sizes = (len(author), len(feed), len(before), len(here_signature), len(there_signature))
    if sizes != (KEY_BYTES, HASH_BYTES, HASH_BYTES, SIGNATURE_BYTES, SIGNATURE_BYTES):
        return None
    return ForkProof(
        author,
        Run(feed, first, before, tuple(here), here_signature),
        Run(feed, first, before, tuple(there), there_signature),
        via,
        time,
    )


def _are(kind: type, *values: object) -> bool:
    return all(type(value) is kind for value in values)


def _is_signed(run: Run, author: bytes) -> bool:
    head = fold_chain(run.before, run.entries)
    return verify(author, checkpoint_message(run.feed, run.last, head), run.signature)


def _said(run: Run) -> list[tuple[int | None, object]]:
    entries = map(decode_entry, run.entries)
    return [(entry.kind, entry.payload) for entry in entries if entry.shown]
