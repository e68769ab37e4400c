"""Parcels: runs of one room in a file, for people whose computers never meet in a network (protocol.md, section 7).

- Its runs prove themselves, each with its author's signature. Header and end prove nothing: they say whose room it is,
  and whether all of it is there.
- Written and read a piece at a time; no piece is longer than a frame on the wire.
- What was read before a damage stands: the error comes when the damage is met, and not before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import BinaryIO

import cbor2
from msgspec import Struct

from app.cbor import CborError, check_cbor
from app.entry import HASH_BYTES, KEY_BYTES, MAX_SEQ, SIGNATURE_BYTES, Run
from app.errors import ParcelError
from app.names import is_name

MAGIC = b"chat-tui parcel\n"
VERSION = 1
MAX_PIECE = 262_144 + 16_384  # as a frame
PIECE_BYTES = 65_536  # of entries, in the pieces that are written here: a damage spoils no more than one

_DOMAIN = b"chat-tui carry 1"
_LENGTH_BYTES = 4
_MAX_DEPTH = 4  # piece, runs, run, entries
_HEADER, _RUNS, _END = range(3)


class ParcelHeader(Struct, frozen=True):
    """What a parcel says of itself. packer, name: the key and the name of whose log it was made from; time: when, in
    microseconds since 1970."""

    room: str
    packer: bytes
    name: str
    time: int


class ParcelWriter:
    """Writes to a file that is open for writing, from its beginning."""

    def __init__(self, file: BinaryIO, header: ParcelHeader) -> None:
        self._file = file
        self._hash = blake2b(digest_size=HASH_BYTES, person=_DOMAIN)
        self._waiting: list[Run] = []
        self._waiting_bytes = 0
        self.runs = 0
        self.entries = 0
        self._write(MAGIC + VERSION.to_bytes(_LENGTH_BYTES))
        self._write_piece([_HEADER, header.room, header.packer, header.name, header.time])

    def add(self, run: Run) -> None:
        self._waiting.append(run)
        self._waiting_bytes += run.size
        self.runs += 1
        self.entries += len(run.entries)
        if self._waiting_bytes >= PIECE_BYTES:
            self._write_runs()

    def finish(self) -> None:
        self._write_runs()
        self._write_piece([_END, self.runs, self.entries, self._hash.digest()])

    def _write_runs(self) -> None:
        if self._waiting:
            runs = [[run.feed, run.first, run.before, run.entries, run.signature] for run in self._waiting]
            self._write_piece([_RUNS, runs])
            self._waiting.clear()
            self._waiting_bytes = 0

    def _write_piece(self, fields: Sequence[object]) -> None:
        body = cbor2.dumps(fields)
        self._write(len(body).to_bytes(_LENGTH_BYTES) + body)

    def _write(self, data: bytes) -> None:
        self._hash.update(data)
        self._file.write(data)


class ParcelReader:
    """Reads a file that is open for reading, from its beginning. Raises ParcelError, with where in the file."""

    def __init__(self, file: BinaryIO, where: str) -> None:
        """where: the file's name, for errors."""
        self._file = file
        self._where = where
        self._hash = blake2b(digest_size=HASH_BYTES, person=_DOMAIN)
        self.at = 0  # bytes that were read
        self.header = self._read_header()

    def runs(self) -> Iterator[tuple[Run, ...]]:
        """All runs, a piece at a time. They are not verified."""
        runs = entries = 0
        while True:
            expected = self._hash.digest()
            match self._piece():
                case (int(kind), tuple() as items) if kind == _RUNS:
                    piece = tuple(map(self._run, items))
                    runs += len(piece)
                    entries += sum(len(run.entries) for run in piece)
                    yield piece
                case (int(kind), int(said_runs), int(said_entries), bytes(said)) if kind == _END:
                    if (said_runs, said_entries, said) != (runs, entries, expected):
                        raise self._damaged("what it says at its end about the rest does not hold")
                    if self._file.read(1):
                        raise self._damaged("more follows its end")
                    return
                case _:
                    raise self._damaged("it cannot be read")

    def _read_header(self) -> ParcelHeader:
        start = self._read(len(MAGIC) + _LENGTH_BYTES)
        if start[: len(MAGIC)] != MAGIC[: len(start)] or not start:
            raise ParcelError(f"{self._where} is nothing that chat-tui export has made")
        if len(start) < len(MAGIC) + _LENGTH_BYTES:
            raise self._cut()
        version = int.from_bytes(start[len(MAGIC) :])
        if version != VERSION:
            raise ParcelError(
                f"{self._where} was made by a newer chat-tui (version {version}, this one reads {VERSION}): update it"
            )
        match self._piece():
            case (int(kind), str(room), bytes(packer), str(name), int(time)) if (
                kind == _HEADER and is_name(room) and is_name(name) and len(packer) == KEY_BYTES
            ):
                return ParcelHeader(room, packer, name, time)
        raise self._damaged("its beginning cannot be read")

    def _piece(self) -> object:
        head = self._read(_LENGTH_BYTES)
        length = int.from_bytes(head)
        if len(head) < _LENGTH_BYTES:
            raise self._cut()
        if length > MAX_PIECE:
            raise self._damaged(f"a piece of {length:,} bytes")
        body = self._read(length)
        if len(body) < length:
            raise self._cut()
        try:
            check_cbor(body, max_depth=_MAX_DEPTH)
            return cbor2.loads(body, max_depth=_MAX_DEPTH, allow_indefinite=False, immutable=True)
        except (CborError, cbor2.CBORDecodeError, ValueError, TypeError):  # TypeError: a map whose key cannot be hashed
            raise self._damaged("it cannot be read") from None

    def _run(self, item: object) -> Run:
        match item:
            case (bytes(feed), int(first), bytes(before), tuple() as entries, bytes(signature)) if (
                (len(feed), len(before), len(signature)) == (HASH_BYTES, HASH_BYTES, SIGNATURE_BYTES)
                and 1 <= first <= MAX_SEQ
                and entries
                and all(type(data) is bytes for data in entries)
            ):
                return Run(feed, first, before, entries, signature)
        raise self._damaged("it cannot be read")

    def _read(self, size: int) -> bytes:
        data = self._file.read(size)
        self.at += len(data)
        self._hash.update(data)
        return data

    def _cut(self) -> ParcelError:
        return ParcelError(f"{self._where} ends after {self.at:,} bytes, before its end: the rest is missing")

    def _damaged(self, what: str) -> ParcelError:
        return ParcelError(f"{self._where} is damaged before byte {self.at:,}: {what}")
