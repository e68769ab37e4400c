"""What is checked about a run before any transaction is open: its form, its chain, its one signature, its genesis.

One bad run spoils no other. What a run continues is checked in the transaction (batch.py), where nothing can change.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from msgspec import Struct

from app.entry import (
    HASH_BYTES,
    MAX_ENTRY_BYTES,
    MAX_SEQ,
    MAX_SPAN_BYTES,
    MIN_ENTRY_BYTES,
    NO_HASH,
    Run,
    checkpoint_message,
    feed_id,
    fold_chain,
)
from app.errors import InvalidRunError
from app.genesis import Genesis, decode_genesis
from app.identity import PublicKey
from app.ingest import Refusal, RefusedRun
from app.names import name_key

CACHED_KEYS = 1024  # preparing a key costs a third of a verification


class VerifiedRun(Struct, frozen=True):
    """A run whose author vouches for it. head: h of its last entry; genesis: of entry 1 if the run has it."""

    run: Run
    head: bytes
    genesis: Genesis | None


class Verifier:
    """Verifies the runs of one room."""

    def __init__(
        self, room: str, author_of: Callable[[bytes], bytes | None], is_refused: Callable[[bytes], bool]
    ) -> None:
        """author_of: the key of the author of a feed that is held; is_refused: whether an author is refused here."""
        self._is_refused = is_refused
        self._room = name_key(room)
        self._author_of = author_of
        self._keys: OrderedDict[bytes, PublicKey] = OrderedDict()

    def verify(self, run: Run, promised: dict[bytes, bytes]) -> VerifiedRun | RefusedRun:
        """promised: authors of feeds whose first run was verified just before; a verified first run adds its own."""
        if fault := _fault_in_form(run):
            return RefusedRun(run, Refusal.INVALID, fault)
        genesis = None
        if run.first == 1:
            try:
                genesis = decode_genesis(run.entries[0])
            except InvalidRunError as error:
                return RefusedRun(run, Refusal.INVALID, str(error))
            if feed_id(run.entries[0]) != run.feed:
                return RefusedRun(run, Refusal.INVALID, "its genesis gives another feed id")
            if name_key(genesis.room) != self._room:
                return RefusedRun(run, Refusal.ANOTHER_ROOM, f"it belongs to room {genesis.room}")
        author = genesis.author if genesis else self._author_of(run.feed) or promised.get(run.feed)
        if author is None:
            return RefusedRun(run, Refusal.GAP, "nothing of its feed is here")
        if self._is_refused(author):
            return RefusedRun(run, Refusal.UNWANTED, Refusal.UNWANTED.value)
        head = fold_chain(run.before, run.entries)
        if not self._key(author).verify(checkpoint_message(run.feed, run.last, head), run.signature):
            return RefusedRun(run, Refusal.INVALID, f"the signature at entry {run.last} does not hold")
        if genesis:
            promised[run.feed] = author
        return VerifiedRun(run, head, genesis)

    def _key(self, author: bytes) -> PublicKey:
        key = self._keys.get(author)
        if key is None:
            key = self._keys[author] = PublicKey(author)
            if len(self._keys) > CACHED_KEYS:
                self._keys.popitem(last=False)
        return key


def _fault_in_form(run: Run) -> str | None:
    if len(run.feed) != HASH_BYTES or len(run.before) != HASH_BYTES:
        return "a hash has the wrong size"
    if not run.entries or not 1 <= run.first <= run.last <= MAX_SEQ:
        return "its entry numbers are out of range"
    if run.first == 1 and run.before != NO_HASH:
        return "something precedes its entry 1"
    sizes = list(map(len, run.entries))
    if max(sizes) > MAX_ENTRY_BYTES:
        return "an entry is too long"
    if min(sizes) < MIN_ENTRY_BYTES:
        return "an entry is too short"
    if len(sizes) > 1 and sum(sizes) > MAX_SPAN_BYTES:
        return "its entries are too many bytes for one checkpoint"
    return None
