"""The tables of the database: their names, and the bytes of their keys and values (docs/protocol.md, section 6).

- All integers in keys are big-endian, so that byte order is number order.
- Feeds have local 4-byte numbers: with 32-byte ids in every key a short message takes twice as much room.
- Records are CBOR arrays; a field is only ever added at the end, with a new SCHEMA_VERSION.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

import cbor2
from msgspec import Struct

from app.entry import HASH_BYTES, KEY_BYTES, SIGNATURE_BYTES
from app.errors import DamagedError
from app.peers import PeerRecord, Standing

SCHEMA_VERSION = 3

META = b"meta"  # ASCII name -> bytes
FEEDS = b"feeds"  # num -> feed record
FEED_IDS = b"feed_ids"  # feed id -> num
ENTRIES = b"entries"  # num seq -> the author's bytes
CHECKPOINTS = b"checkpoints"  # num seq -> h(seq) signature; those before the head that the spacing rule needs
TIMELINE = b"timeline"  # place feed[:4] num -> seq arrival; entries that are shown
HIDDEN = b"hidden"  # the same for entries that are not, so that paging never walks over them
DISPLACED = b"displaced"  # digest num seq -> place; entries whose place is not the time in their digest
CITATIONS = b"citations"  # digest num seq -> mark; who cites an entry that is here
DANGLING = b"dangling"  # digest num seq -> nothing; who cites an entry that is not here yet
AMENDMENTS = b"amendments"  # digest kind author[:8] symbol ~time digest[7:] -> num seq symbol; what is said about it
COPIES = b"copies"  # digest author[:8] time digest[7:] -> num seq; where an entry was written once more
CHUNKS = b"chunks"  # first key -> entries; stretches of the timeline
GROUPS = b"groups"  # first key -> entries chunks; stretches of chunks
PEERS = b"peers"  # public key -> peer record
FORKS = b"forks"  # feed seq H(entry)[:8] -> proof (app.fork_proof)

TABLES = (
    META,
    FEEDS,
    FEED_IDS,
    ENTRIES,
    CHECKPOINTS,
    TIMELINE,
    HIDDEN,
    DISPLACED,
    CITATIONS,
    DANGLING,
    AMENDMENTS,
    COPIES,
    CHUNKS,
    GROUPS,
    PEERS,
    FORKS,
)
LATER_TABLES = (FORKS,)  # which a database of the same schema may lack

META_SCHEMA = b"schema"  # u32
META_NODE = b"node"  # 16 random bytes
META_ROOM = b"room"  # UTF-8
META_AUTHOR = b"author"  # public key
META_OWN_FEED = b"own feed"  # feed id
META_HOME = b"home"  # 16 bytes that stand for this computer and this file; a copy that is elsewhere is told by it
META_CREATED = b"created"  # u64, microseconds since 1970
META_CLOCK = b"clock"  # u64, the latest time of the hybrid logical clock, unless the newest own entry has it

NODE_BYTES = 16

COUNTED = b"\x01"  # a citation that the citing entry's place follows
VOID = b"\x00"  # one that it does not: it would put an entry after itself, or move too much (placing.py)

U32 = struct.Struct(">I")
U64 = struct.Struct(">Q")
ENTRY_KEY = struct.Struct(">IQ")  # num seq
PLACED_KEY = struct.Struct(">Q8s")  # place, tail
PLACED_VALUE = struct.Struct(">QQ")  # seq arrival
CITER = struct.Struct(">16sIQ")  # digest num seq
AMENDMENT_KEY = struct.Struct(">16sB8s8sQ9s")  # digest kind author symbol, latest first, own digest
COPY_KEY = struct.Struct(">16s8sQ9s")  # digest of what is copied, author, time, own digest
GROUP_VALUE = struct.Struct(">QI")  # entries chunks


class FeedRecord(Struct, frozen=True):
    """What is held of one feed.

    num: its local number; id: 32 bytes; author, name: of its genesis; seq, hash, signature: its head, which is always a
    checkpoint; low: the first entry held; place: the head's, in microseconds; span: bytes of the entries from the last
    checkpoint before the head to the head; cited: the newest entry of this feed that the own feed has cited, or 0;
    via: the key of the peer that brought its first entries, empty for own ones; size: what it takes in the quota.
    """

    num: int
    id: bytes
    author: bytes
    name: str
    seq: int
    hash: bytes
    signature: bytes
    low: int
    place: int
    span: int
    cited: int
    via: bytes = b""
    size: int = 0

    @property
    def tail(self) -> bytes:
        """The end of all its timeline keys: it settles equal places."""
        return self.id[:4] + U32.pack(self.num)

    @property
    def uncited(self) -> bool:
        """Whether it has entries that the own feed has not cited. A bare genesis says nothing."""
        return self.seq > max(self.cited, 1)

    def encode(self) -> bytes:
        return cbor2.dumps(
            [
                self.id,
                self.author,
                self.name,
                self.seq,
                self.hash,
                self.signature,
                self.low,
                self.place,
                self.span,
                self.cited,
                self.via,
                self.size,
            ]
        )


def decode_feed(key: bytes, value: bytes) -> FeedRecord:
    match _decode(value):
        case [
            bytes() as feed,
            bytes() as author,
            str() as name,
            int() as seq,
            bytes() as head,
            bytes() as signature,
            int() as low,
            int() as place,
            int() as span,
            int() as cited,
            bytes() as via,
            int() as size,
        ] if (
            (len(key), len(feed), len(head)) == (U32.size, HASH_BYTES, HASH_BYTES)
            and (len(author), len(signature)) == (KEY_BYTES, SIGNATURE_BYTES)
            and seq >= low >= 1
        ):
            num = U32.unpack(key)[0]
            return FeedRecord(num, feed, author, name, seq, head, signature, low, place, span, cited, via, size)
    raise DamagedError(f"table feeds: the record of feed number {key.hex()} cannot be read")


def encode_peer(record: PeerRecord) -> bytes:
    fields: dict[str, object] = {"name": record.name, "pinned": record.pinned_at, "held": dict(record.held)}
    if record.standing is not None:
        fields |= {"standing": record.standing.value, "decided": record.decided_at}
    if record.verified_at is not None:
        fields["verified"] = record.verified_at
    if record.seen_at is not None:
        fields["seen"] = record.seen_at
    return cbor2.dumps(fields)


def decode_peer(key: bytes, value: bytes) -> PeerRecord:
    """The record under `key`. Fields and standings that are not known are those of a later version, and ignored."""
    match _decode(value):
        case {"name": str() as name, "pinned": int() | None as pinned_at, "held": Mapping() as held, **more} if len(
            key
        ) == KEY_BYTES and all(type(f) is bytes and len(f) == HASH_BYTES and type(n) is int for f, n in held.items()):
            standing = next((known for known in Standing if known.value == more.get("standing")), None)
            times = (more.get("decided") if standing else None, more.get("verified"), more.get("seen"))
            decided_at, verified_at, seen_at = (time if type(time) is int else None for time in times)
            return PeerRecord(key, name, pinned_at, dict(held), standing, decided_at, verified_at, seen_at)
    raise DamagedError(f"table peers: the record of key {key.hex()} cannot be read")


def split_checkpoint(value: bytes) -> tuple[bytes, bytes]:
    """(h(seq), signature)"""
    if len(value) != HASH_BYTES + SIGNATURE_BYTES:
        raise DamagedError("table checkpoints: a checkpoint has the wrong size")
    return value[:HASH_BYTES], value[HASH_BYTES:]


def _decode(value: bytes) -> object:
    try:
        return cbor2.loads(value)
    except (cbor2.CBORDecodeError, ValueError):
        return None
