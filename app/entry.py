"""The bytes of entries, chains, checkpoints and runs, and nothing else: the one place that knows their hashes.

- An entry is kept and sent as the very bytes its author made; they are parsed, never encoded again.
- A chain judges bytes, not meaning: what cannot be parsed is still a valid entry (`UNREADABLE`).
- docs/protocol.md describes the same formats for a second implementation; tests hold the two together.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from typing import TypeAlias

import cbor2
from msgspec import Struct

from app.cbor import CborError, check_cbor
from app.errors import LocalEntryError
from app.hashing import blake2b

MAX_ENTRY_BYTES = 64 * 1024
MIN_ENTRY_BYTES = 8  # a message has 14; each costs its keeper 200 however short it is
MAX_TEXT_BYTES = 16 * 1024  # larger content belongs in blobs outside feeds
MAX_SPAN_BYTES = 64 * 1024  # entries between two checkpoints, unless it is one entry
MAX_SEEN = 8
MAX_TIME = 2**63 - 1
MAX_DIGEST_TIME = 2**56 - 1
MAX_SEQ = 2**48 - 1  # an author who writes 1,000 entries a second gets there in 8,900 years
HASH_BYTES = 32
DIGEST_BYTES = 16
SHORT_HASH_BYTES = 16
SIGNATURE_BYTES = 64
KEY_BYTES = 32
NO_HASH = bytes(HASH_BYTES)  # h(0)

KIND_GENESIS = 1
KIND_TEXT = 2
KIND_EDIT = 3
KIND_COPY = 4
KIND_DELETION = 5
KIND_REPLY = 6
KIND_REACTION = 7

_ENTRY_DOMAIN = b"chat-tui entry 1"
_CHAIN_DOMAIN = b"chat-tui chain 1"
_DIGEST_DOMAIN = b"chat-tui cited 1"
_CHECKPOINT_DOMAIN = b"chat-tui checkpoint 1"
_MAX_DEPTH = 16

# It parses its keyword arguments anew for each object: a copy of a prepared one halves the cost of a small hash.
_entry_hasher = blake2b(digest_size=HASH_BYTES, person=_ENTRY_DOMAIN)
_chain_hasher = blake2b(digest_size=HASH_BYTES, person=_CHAIN_DOMAIN)

# Nearly every entry has this shape. Reading it with one match instead of a header scan and cbor2 takes a fifth of the
# time; `decode_entry` gives the same with and without it.
_PLAIN_TEXT_ENTRY = re.compile(
    rb"\x84\x1b(.{8})(?:\x80|\x81\x50(.{16}))\x02(?:([\x60-\x77])|\x78(.)|\x79(..))", re.DOTALL
)
_PLAIN_TEXT_HEADER = struct.Struct(">HQHB")  # of one that cites nothing, up to the first byte of its text's length
_MAX_SHORT_TIME = 2**32 - 1  # a smaller number has a shorter form

Skimmed: TypeAlias = tuple[int | None, tuple[bytes, ...], int | None]  # time, seen, kind


class Reference(Struct, frozen=True):
    """Another entry, as one entry names it. feed, seq: where to look for it; digest: which one is meant, 16 bytes."""

    feed: bytes
    seq: int
    digest: bytes


class Entry(Struct, frozen=True):
    """What an entry says.

    time: microseconds since 1970, UTC, by the author's hybrid logical clock, or None when unreadable.
    seen: digests of entries by others that the author had read.
    kind: a small number; even kinds are shown, odd kinds are not. None when unreadable.
    payload: depends on the kind; for KIND_TEXT the text, for KIND_REPLY [reference, text].
    """

    time: int | None
    seen: tuple[bytes, ...]
    kind: int | None
    payload: object

    @property
    def shown(self) -> bool:
        """Whether the entry has a place in the timeline: text, and placeholders for what is not understood."""
        return self.kind is None or self.kind % 2 == 0

    @property
    def text(self) -> str | None:
        """The message, or None when this entry is not one that can be read here."""
        said = self.said
        match said.kind, said.payload:
            case (2, str() as text) | (6, (_, str() as text, *_)):
                return text
        return None

    @property
    def answers(self) -> Reference | None:
        """What a reply replies to."""
        said = self.said
        match said.kind, said.payload:
            case 6, (reference, str(), *_):
                return decode_reference(reference)
        return None

    @property
    def said(self) -> Entry:
        """The entry, or what it is a copy of."""
        match self.kind, self.payload:
            case 4, (bytes(), int(), bytes() as data, *_) if (copied := decode_entry(data)).kind != KIND_COPY:
                return copied
        return self

    @property
    def copied(self) -> tuple[bytes, int, bytes] | None:
        """Of a copy: feed id, seq and bytes of what it is a copy of, as its author says."""
        match self.kind, self.payload:
            case 4, (bytes() as feed, int() as seq, bytes() as data, *_) if (
                len(feed) == HASH_BYTES and 1 <= seq <= MAX_SEQ and self.said is not self
            ):
                return feed, seq, data
        return None


UNREADABLE = Entry(None, (), None, None)


class Run(Struct, frozen=True):
    """Consecutive entries of one feed that end at a checkpoint.

    feed: feed id, 32 bytes; first: seq of entries[0]; before: h(first - 1), 32 bytes (empty while it is on its way to
    somebody who is known to have it);
    signature: the author's Ed25519 signature of the checkpoint at the last entry, 64 bytes.
    """

    feed: bytes
    first: int
    before: bytes
    entries: tuple[bytes, ...]
    signature: bytes

    @property
    def last(self) -> int:
        return self.first + len(self.entries) - 1

    @property
    def size(self) -> int:
        """Bytes of all entries."""
        return sum(map(len, self.entries))


def encode_reference(reference: Reference) -> object:
    return [reference.feed, reference.seq, reference.digest]


def decode_reference(payload: object) -> Reference | None:
    match payload:
        case (bytes() as feed, int() as seq, bytes() as digest) if (
            len(feed) == HASH_BYTES and type(seq) is int and 1 <= seq <= MAX_SEQ and len(digest) == DIGEST_BYTES
        ):
            return Reference(feed, seq, digest)
    return None


def encode_entry(time: int, seen: Sequence[bytes], kind: int, payload: object) -> bytes:
    """The bytes of a new own entry. time: microseconds since 1970."""
    if not 0 <= time <= MAX_TIME or len(seen) > MAX_SEEN or {*map(len, seen)} - {DIGEST_BYTES}:
        raise ValueError("an entry's time or seen list is out of range")
    if kind == KIND_TEXT and not seen and time > _MAX_SHORT_TIME and isinstance(payload, str):
        text = payload.encode()
        if 0x18 <= len(text) < 0x100:  # nearly all: a fourth of the time that cbor2 takes
            return _PLAIN_TEXT_HEADER.pack(0x841B, time, 0x8002, 0x78) + len(text).to_bytes() + text
    data = cbor2.dumps([time, list(seen), kind, payload])
    if len(data) > MAX_ENTRY_BYTES:
        raise LocalEntryError(f"an entry of {len(data)} bytes is too long: {MAX_ENTRY_BYTES} is the most")
    return data


def check_text(text: str) -> str:
    """`text` itself if it can be sent as one message."""
    if not text.strip():
        raise LocalEntryError("an empty message is not sent")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise LocalEntryError("the message holds half a character (a lone surrogate): type it again") from None
    if size > MAX_TEXT_BYTES:
        over = size - MAX_TEXT_BYTES
        raise LocalEntryError(
            f"the message has {size:,} bytes; {MAX_TEXT_BYTES:,} is the most: make it shorter by {over:,}"
        )
    return text


def decode_entry(data: bytes) -> Entry:
    """What the entry says; `UNREADABLE`, never an error, where it does not keep to the format.

    An unreadable time, seen list or kind does not spoil the others.
    """
    return _decode_plain(data) or _decode_any(data)


def skim_entry(data: bytes) -> Skimmed:
    """(time, seen, kind) as `decode_entry` gives them, without the objects: what storing an entry needs."""
    match = _PLAIN_TEXT_ENTRY.match(data)
    if match is None:
        return _skim_any(data)
    time_bytes, digest, short, byte, word = match.groups()
    time = int.from_bytes(time_bytes)
    start = match.end()
    size = short[0] - 0x60 if short else int.from_bytes(byte or word)
    if start + size != len(data) or time > MAX_TIME:
        return _skim_any(data)
    try:
        data[start:].decode()
    except UnicodeDecodeError:
        return None, (), None
    return time, (digest,) if digest else (), KIND_TEXT


def skim_entries(entries: Sequence[bytes]) -> tuple[list[int], dict[int, Skimmed]]:
    """The times of `entries`, 0 where unreadable, and by index what `skim_entry` says of all but plain texts.

    Plain are readable ones that cite nothing. If they are short, they take a quarter of the time of a call each.
    """
    times: list[int] = []
    others: dict[int, Skimmed] = {}
    texts: list[bytes] = []
    unpack = _PLAIN_TEXT_HEADER.unpack_from
    for index, data in enumerate(entries):
        if len(data) > _PLAIN_TEXT_HEADER.size:
            head, time, middle, size = unpack(data)
            if head == 0x841B and middle == 0x8002 and time <= MAX_TIME:
                if size == 0x78:
                    size, text = data[13], data[14:]
                elif size < 0x78:
                    size, text = size - 0x60, data[13:]
                else:
                    size, text = -1, b""
                if len(text) == size:
                    texts.append(text)
                    times.append(time)
                    continue
        skimmed = skim_entry(data)
        times.append(skimmed[0] or 0)
        if skimmed[0] is None or skimmed[1:] != ((), KIND_TEXT):
            others[index] = skimmed
    try:
        b"\n".join(texts).decode()  # sound if and only if each part is: no character goes across a line feed
    except UnicodeDecodeError:
        every = [skim_entry(data) for data in entries]
        return [skimmed[0] or 0 for skimmed in every], dict(enumerate(every))
    return times, others


def _skim_any(data: bytes) -> Skimmed:
    entry = _decode_any(data)
    return entry.time, entry.seen, entry.kind


def _decode_plain(data: bytes) -> Entry | None:
    match = _PLAIN_TEXT_ENTRY.match(data)
    if match is None:
        return None
    time_bytes, digest, short, byte, word = match.groups()
    size = short[0] - 0x60 if short else int.from_bytes(byte or word)
    time = int.from_bytes(time_bytes)
    start = match.end()
    if start + size != len(data) or time > MAX_TIME:
        return None
    try:
        return Entry(time, (digest,) if digest else (), KIND_TEXT, data[start:].decode())
    except UnicodeDecodeError:
        return UNREADABLE


def _decode_any(data: bytes) -> Entry:
    try:
        check_cbor(data, max_depth=_MAX_DEPTH)
        fields = cbor2.loads(data, max_depth=_MAX_DEPTH, allow_indefinite=False, immutable=True)
    except (CborError, cbor2.CBORDecodeError, ValueError):
        return UNREADABLE
    if not isinstance(fields, tuple) or len(fields) != 4:
        return UNREADABLE
    time, seen, kind, payload = fields
    return Entry(
        time if type(time) is int and 0 <= time <= MAX_TIME else None,
        _valid_seen(seen),
        kind if type(kind) is int and 0 <= kind < 2**32 else None,
        payload,
    )


def _valid_seen(seen: object) -> tuple[bytes, ...]:
    if not isinstance(seen, tuple) or len(seen) > MAX_SEEN:
        return ()
    if not all(type(digest) is bytes and len(digest) == DIGEST_BYTES for digest in seen):
        return ()
    return seen


def entry_hash(data: bytes) -> bytes:
    """H(entry), 32 bytes."""
    hasher = _entry_hasher.copy()
    hasher.update(data)
    return hasher.digest()


def chain_hash(before: bytes, data: bytes) -> bytes:
    """h(n) from h(n - 1) and the bytes of entry n, 32 bytes."""
    entry = _entry_hasher.copy()
    entry.update(data)
    chain = _chain_hasher.copy()
    chain.update(before + entry.digest())
    return chain.digest()


def fold_chain(before: bytes, entries: Iterable[bytes]) -> bytes:
    """h of the last of `entries`, given h of the one before the first."""
    new_entry, new_chain = _entry_hasher.copy, _chain_hasher.copy
    for data in entries:
        entry = new_entry()
        entry.update(data)
        chain = new_chain()
        chain.update(before + entry.digest())
        before = chain.digest()
    return before


def feed_id(genesis: bytes) -> bytes:
    """h(1), 32 bytes, from the bytes of entry 1."""
    return chain_hash(NO_HASH, genesis)


def digest_time(time: int | None) -> int:
    """The time that a digest carries: microseconds since 1970, 0 for an unreadable one, at most 2^56 - 1."""
    return 0 if time is None else min(time, MAX_DIGEST_TIME)


def entry_digest(feed: bytes, seq: int, time: int | None, data: bytes) -> bytes:
    """The 16 bytes by which other entries refer to entry `seq` of `feed`: 7 of its time, 9 of a hash.

    The time makes the entry findable through the timeline, so that no second index of all entries is needed;
    feed and seq are hashed too, so that somebody else's copy of the bytes is not taken for the entry.
    """
    hasher = blake2b(feed + seq.to_bytes(8) + entry_hash(data), digest_size=9, person=_DIGEST_DOMAIN)
    return digest_time(time).to_bytes(7) + hasher.digest()


def checkpoint_message(feed: bytes, seq: int, head: bytes) -> bytes:
    """What an author signs to vouch for entries 1..seq of a feed, given h(seq)."""
    return _CHECKPOINT_DOMAIN + feed + seq.to_bytes(8) + head
