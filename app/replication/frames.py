"""The frames of a connection, and the one place where they are encoded and decoded (docs/protocol.md, section 4.2).

- Whatever comes out of `decode` has every field of the right type and in range; everything else is a `ProtocolError`.
- A frame's length is checked before its body is waited for, so a peer cannot make us buffer more than one frame.
- Feeds are named by number here. `session` knows which feed a number stands for.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NoReturn, TypeAlias

import cbor2
from msgspec import Struct

from app.cbor import CborError, check_cbor
from app.entry import HASH_BYTES, KEY_BYTES, MAX_ENTRY_BYTES, MAX_SEQ, MAX_SPAN_BYTES, MIN_ENTRY_BYTES, SIGNATURE_BYTES
from app.errors import ProtocolError
from app.frontier import SHORT_HASH_BYTES, Head
from app.names import is_name

LENGTH_BYTES = 4
MAX_CONTENT = 262_144
MAX_FRAME = MAX_CONTENT + 16_384  # content and its headers
MAX_FRAME_BEFORE_ADMISSION = 4_096  # a hello takes 300 bytes; a stranger gets no more of our memory
MAX_BYE_BYTES = 1_024
NODE_BYTES = 16
RUN_ID_BYTES = 8
NONCE_BYTES = 32
MAX_VERSIONS = 64
MAX_RANGES = 256  # in one want: its receiver remembers them until they are served

_MAX_DEPTH = 8
_MAX_ID = 2**32 - 1
_MAX_PING = 2**64 - 1


class ByeReason(IntEnum):
    """Why a connection was closed. `sentence`: the same for a person."""

    UNKNOWN = 0  # a reason that this version does not know; never sent
    DUPLICATE = 1
    REFUSED = 2
    ANOTHER_ROOM = 3
    NO_COMMON_VERSION = 4
    SELF = 5
    LEAVING = 6
    RULE_BROKEN = 7
    ANOTHER_KEY = 8
    BUSY = 9
    TIMED_OUT = 10

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    ByeReason.UNKNOWN: "closed for a reason that this version does not know",
    ByeReason.DUPLICATE: "another connection between the two is in use",
    ByeReason.REFUSED: "refused",
    ByeReason.ANOTHER_ROOM: "in another room",
    ByeReason.NO_COMMON_VERSION: "speaks another version of the protocol: the older chat-tui needs an update",
    ByeReason.SELF: "connected to itself",
    ByeReason.LEAVING: "leaving",
    ByeReason.RULE_BROKEN: "a rule of the protocol was broken",
    ByeReason.ANOTHER_KEY: "another key than the one known for this name",
    ByeReason.BUSY: "too busy",
    ByeReason.TIMED_OUT: "no answer",
}


class Hello(Struct, frozen=True):
    versions: tuple[int, ...]
    transport: str
    key: bytes
    node: bytes
    run: bytes
    name: str
    room: str
    nonce: bytes


class Auth(Struct, frozen=True):
    signature: bytes


class Admit(Struct, frozen=True):
    admitted: bool


class Bye(Struct, frozen=True):
    reason: ByeReason
    text: str


class Ping(Struct, frozen=True):
    n: int


class Pong(Struct, frozen=True):
    n: int


class Heads(Struct, frozen=True):
    """Feeds that their sender has not named before, numbered in this order."""

    heads: tuple[tuple[bytes, Head], ...]
    complete: bool


class Have(Struct, frozen=True):
    heads: tuple[tuple[int, Head], ...]


class NumberedRange(Struct, frozen=True):
    number: int
    low: int
    high: int


class WantFrame(Struct, frozen=True):
    id: int
    ranges: tuple[NumberedRange, ...]


class NumberedRun(Struct, frozen=True):
    number: int
    first: int
    before: bytes
    entries: tuple[bytes, ...]
    signature: bytes


class RunsFrame(Struct, frozen=True):
    id: int
    runs: tuple[NumberedRun, ...]
    end: bool


Frame: TypeAlias = Hello | Auth | Admit | Bye | Ping | Pong | Heads | Have | WantFrame | RunsFrame


def encode(frame: Frame) -> bytes:
    """The frame with its length before it."""
    body = cbor2.dumps(_fields(frame))
    return len(body).to_bytes(LENGTH_BYTES) + body


def _fields(frame: Frame) -> list[object]:
    match frame:
        case Hello():
            versions = list(frame.versions)
            who = [frame.key, frame.node, frame.run, frame.name, frame.room, frame.nonce]
            return [0, versions, frame.transport, *who]
        case Auth(signature):
            return [1, signature]
        case Admit(admitted):
            return [2, admitted]
        case Bye(reason, text):
            return [3, int(reason), text]
        case Ping(n):
            return [4, n]
        case Pong(n):
            return [5, n]
        case Heads(heads, complete):
            return [8, [[feed, head.low, head.seq, head.short_hash] for feed, head in heads], complete]
        case Have(numbered):
            return [9, [[number, head.low, head.seq, head.short_hash] for number, head in numbered]]
        case WantFrame(identifier, ranges):
            return [10, identifier, [[wanted.number, wanted.low, wanted.high] for wanted in ranges]]
        case RunsFrame(identifier, runs, end):
            fields = [[run.number, run.first, run.before, run.entries, run.signature] for run in runs]
            return [11, identifier, fields, end]


def frame_length(header: bytes | bytearray, limit: int) -> int:
    """The length in the first four bytes of a frame, if it is at most `limit`."""
    length = int.from_bytes(header)
    if length > limit:
        raise ProtocolError(f"a frame of {length:,} bytes, where {limit:,} is the most")
    return length


def decode(body: bytes) -> Frame:
    """The frame in `body`, which is without its length."""
    try:
        check_cbor(body, max_depth=_MAX_DEPTH)
        fields = cbor2.loads(body, max_depth=_MAX_DEPTH, allow_indefinite=False, immutable=True)
    except (CborError, cbor2.CBORDecodeError, ValueError, TypeError) as error:
        # TypeError: a map whose key cannot be hashed.
        raise ProtocolError(f"a frame that cannot be read: {error}") from None
    if not isinstance(fields, tuple) or not fields or type(fields[0]) is not int:
        raise ProtocolError("a frame that is no list with a type")
    try:
        return _decode_fields(fields)
    except (ValueError, TypeError):  # the wrong number of fields, or something that cannot be unpacked
        raise ProtocolError(f"a frame of type {fields[0]} with the wrong fields") from None


def _decode_fields(fields: tuple[object, ...]) -> Frame:
    match fields[0]:
        case 0:
            return _decode_hello(fields)
        case 1:
            _, signature = fields
            return Auth(_bytes(signature, SIGNATURE_BYTES))
        case 2:
            _, admitted = fields
            return Admit(_bool(admitted))
        case 3:
            _, reason, text = fields
            return Bye(_reason(reason), _text(text, MAX_BYE_BYTES))
        case 4:
            _, n = fields
            return Ping(_int(n, 0, _MAX_PING))
        case 5:
            _, n = fields
            return Pong(_int(n, 0, _MAX_PING))
        case 8:
            _, heads, complete = fields
            return Heads(tuple(map(_decode_head, _tuple(heads))), _bool(complete))
        case 9:
            _, numbered = fields
            return Have(tuple(map(_decode_have, _tuple(numbered))))
        case 10:
            _, identifier, wanted = fields
            ranges = _tuple(wanted)
            if not 1 <= len(ranges) <= MAX_RANGES:
                _refuse()
            return WantFrame(_int(identifier, 1, _MAX_ID), tuple(map(_decode_range, ranges)))
        case 11:
            _, identifier, runs, end = fields
            return RunsFrame(_int(identifier, 0, _MAX_ID), tuple(map(_decode_run, _tuple(runs))), _bool(end))
    raise ProtocolError(f"a frame of unknown type {fields[0]}")


def _decode_hello(fields: tuple[object, ...]) -> Hello:
    _, versions, transport, key, node, run, name, room, nonce = fields
    numbers = _tuple(versions)
    if len(numbers) > MAX_VERSIONS:
        _refuse()
    return Hello(
        tuple(_int(number, 0, _MAX_ID) for number in numbers),
        _text(transport, 64),
        _bytes(key, KEY_BYTES),
        _bytes(node, NODE_BYTES),
        _bytes(run, RUN_ID_BYTES),
        _name(name),
        _name(room),
        _bytes(nonce, NONCE_BYTES),
    )


def _decode_head(item: object) -> tuple[bytes, Head]:
    feed, low, high, short_hash = _tuple(item)
    return _bytes(feed, HASH_BYTES), _head(low, high, short_hash)


def _decode_have(item: object) -> tuple[int, Head]:
    number, low, high, short_hash = _tuple(item)
    return _int(number, 0, _MAX_ID), _head(low, high, short_hash)


def _head(low: object, high: object, short_hash: object) -> Head:
    first = _int(low, 1, MAX_SEQ)
    return Head(first, _int(high, first, MAX_SEQ), _bytes(short_hash, SHORT_HASH_BYTES))


def _decode_range(item: object) -> NumberedRange:
    number, low, high = _tuple(item)
    first = _int(low, 1, MAX_SEQ)
    return NumberedRange(_int(number, 0, _MAX_ID), first, _int(high, first, MAX_SEQ))


def _decode_run(item: object) -> NumberedRun:
    number, first, before, entries, signature = _tuple(item)
    datas = _tuple(entries)
    if not datas or {*map(type, datas)} != {bytes}:
        _refuse()
    sizes = list(map(len, datas))  # type: ignore[arg-type]  # every item was found to be bytes
    if not MIN_ENTRY_BYTES <= min(sizes) <= max(sizes) <= MAX_ENTRY_BYTES:
        raise ProtocolError(f"an entry that is not {MIN_ENTRY_BYTES} to {MAX_ENTRY_BYTES:,} bytes")
    size = sum(sizes)
    if size > MAX_SPAN_BYTES and len(datas) > 1:
        raise ProtocolError(f"{size:,} bytes of entries without a checkpoint, where {MAX_SPAN_BYTES:,} is the most")
    last = _int(first, 1, MAX_SEQ) + len(datas) - 1
    if last > MAX_SEQ:
        _refuse()
    return NumberedRun(
        _int(number, 0, _MAX_ID),
        _int(first, 1, MAX_SEQ),
        b"" if before == b"" else _bytes(before, HASH_BYTES),
        datas,  # type: ignore[arg-type]  # every item was found to be bytes above
        _bytes(signature, SIGNATURE_BYTES),
    )


def _refuse() -> NoReturn:
    raise ValueError


def _int(value: object, least: int, most: int) -> int:
    if type(value) is not int or not least <= value <= most:  # a bool is no number here
        _refuse()
    return value


def _bytes(value: object, size: int) -> bytes:
    if type(value) is not bytes or len(value) != size:
        _refuse()
    return value


def _bool(value: object) -> bool:
    if type(value) is not bool:
        _refuse()
    return value


def _text(value: object, most: int) -> str:
    if type(value) is not str or len(value.encode()) > most:
        _refuse()
    return value


def _name(value: object) -> str:
    if type(value) is not str or not is_name(value):
        _refuse()
    return value


def _tuple(value: object) -> tuple[object, ...]:
    if type(value) is not tuple:
        _refuse()
    return value


def _reason(value: object) -> ByeReason:
    number = _int(value, 0, _MAX_ID)
    return ByeReason(number) if number in _SENTENCES else ByeReason.UNKNOWN
