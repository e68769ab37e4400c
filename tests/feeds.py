"""Valid feeds for tests: genesis, chained entries and the runs that carry them, without any database."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from app.amendments import Amendment, encode_amendment
from app.entry import (
    KIND_GENESIS,
    KIND_TEXT,
    MAX_SPAN_BYTES,
    NO_HASH,
    Reference,
    Run,
    chain_hash,
    checkpoint_message,
    encode_entry,
    entry_digest,
    feed_id,
    skim_entry,
)
from app.frontier import Head
from app.genesis import Genesis, genesis_payload
from app.identity import Identity

START = 1_700_000_000_000_000  # microseconds since 1970: 14 November 2023
SECOND = 1_000_000


class TestAuthor:
    """An author with one feed, deterministic in `name`, `room` and `feed_number`."""

    __test__ = False

    def __init__(self, name: str, room: str = "main", *, start: int = START, feed_number: int = 0) -> None:
        self.name = name
        self.room = room
        self.time = start
        self.identity = Identity.from_secret(hashlib.sha256(name.encode()).digest())
        nonce = hashlib.sha256(f"{name}/{room}/{feed_number}".encode()).digest()[:16]
        self._genesis = encode_entry(
            start, (), KIND_GENESIS, genesis_payload(Genesis(self.identity.public, name, room, nonce))
        )
        self.feed = feed_id(self._genesis)
        self.stored: list[bytes] = [self._genesis]
        self.hashes: list[bytes] = [NO_HASH, self.feed]

    def genesis(self) -> bytes:
        return self._genesis

    @property
    def head(self) -> Head:
        return Head(1, len(self.stored), self.hashes[-1])

    def entries(
        self, texts: Sequence[str], *, seen: Sequence[bytes] = (), step: int = SECOND, time: int | None = None
    ) -> list[bytes]:
        """Write messages, `step` microseconds apart, the first citing `seen`; returns their bytes."""
        made = []
        for number, text in enumerate(texts):
            self.time = time if time is not None and number == 0 else self.time + step
            made.append(self.add(encode_entry(self.time, seen if number == 0 else (), KIND_TEXT, text)))
        return made

    def write(self, kind: int, payload: object, *, seen: Sequence[bytes] = (), time: int | None = None) -> bytes:
        """Write an entry of any kind, a second after the one before unless `time` is said."""
        self.time = self.time + SECOND if time is None else time
        return self.add(encode_entry(self.time, seen, kind, payload))

    def amend(self, amendment: Amendment, *, time: int | None = None) -> bytes:
        return self.write(*encode_amendment(amendment), time=time)

    def add(self, data: bytes) -> bytes:
        """Write an entry of any bytes."""
        self.stored.append(data)
        self.hashes.append(chain_hash(self.hashes[-1], data))
        return data

    def digest(self, seq: int) -> bytes:
        """How others cite entry `seq`."""
        data = self.stored[seq - 1]
        return entry_digest(self.feed, seq, skim_entry(data)[0], data)

    def reference(self, seq: int) -> Reference:
        """How others name entry `seq`."""
        return Reference(self.feed, seq, self.digest(seq))

    def run(self, first: int = 1, last: int | None = None) -> Run:
        """One run first..last, signed, whatever its size."""
        last = len(self.stored) if last is None else last
        signature = self.identity.sign(checkpoint_message(self.feed, last, self.hashes[last]))
        return Run(self.feed, first, self.hashes[first - 1], tuple(self.stored[first - 1 : last]), signature)

    def runs(self, first: int = 1, last: int | None = None, *, max_bytes: int = MAX_SPAN_BYTES) -> list[Run]:
        """Runs first..last, each of at most `max_bytes` of entries."""
        last = len(self.stored) if last is None else last
        runs, start, size = [], first, 0
        for seq in range(first, last + 1):
            size += len(self.stored[seq - 1])
            if size > max_bytes and seq > start:
                runs.append(self.run(start, seq - 1))
                start, size = seq, len(self.stored[seq - 1])
        return [*runs, self.run(start, last)]
