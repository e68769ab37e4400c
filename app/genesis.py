"""Entry 1 of a feed: whose it is, what they are called, in which room, and which feed it replaces.

A feed is named by the hash of this entry, so none of it can be changed later.
"""

from __future__ import annotations

from msgspec import Struct

from app.entry import HASH_BYTES, KEY_BYTES, KIND_GENESIS, MAX_SEQ, decode_entry
from app.errors import InvalidRunError
from app.names import is_name


class ForkPoint(Struct, frozen=True):
    """The last entry that a feed shares with the feed it replaces."""

    feed: bytes
    seq: int
    hash: bytes


class Genesis(Struct, frozen=True):
    """What entry 1 of a feed says: whose it is, what they are called, and in which room."""

    author: bytes
    name: str
    room: str
    nonce: bytes
    fork: ForkPoint | None = None


def genesis_payload(genesis: Genesis) -> object:
    fork = genesis.fork
    return [
        genesis.author,
        genesis.name,
        genesis.room,
        genesis.nonce,
        None if fork is None else [fork.feed, fork.seq, fork.hash],
    ]


def decode_genesis(data: bytes) -> Genesis:
    """The genesis in the bytes of entry 1."""
    entry = decode_entry(data)
    match entry.payload if entry.kind == KIND_GENESIS else None:
        case (bytes() as author, str() as name, str() as room, bytes() as nonce, fork) if (
            len(author) == KEY_BYTES and len(nonce) == 16 and is_name(name) and is_name(room)
        ):
            return Genesis(author, name, room, nonce, _decode_fork(fork))
    raise InvalidRunError("entry 1 of a feed is no genesis")


def _decode_fork(fork: object) -> ForkPoint | None:
    match fork:
        case None:
            return None
        case (bytes() as feed, int() as seq, bytes() as digest) if (
            len(feed) == HASH_BYTES and type(seq) is int and 1 <= seq <= MAX_SEQ and len(digest) == HASH_BYTES
        ):
            return ForkPoint(feed, seq, digest)
    raise InvalidRunError("the fork point in a genesis cannot be read")
