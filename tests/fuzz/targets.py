"""What bytes by anybody are fed to, and what has to hold whatever they are. A target that raises has found a fault.

An input of `session` begins with two bytes, where the session stands and how the rest comes: as it is, cut into pieces,
or as bodies of frames, each after its length in two bytes, which reaches further than bytes that have to guess lengths.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC
from random import Random

from app.entry import decode_entry, skim_entry
from app.errors import InvalidRunError, ProtocolError
from app.fork_proof import Fork, decode_proof, encode_proof
from app.fork_words import fork_rows
from app.genesis import decode_genesis
from app.mentions import Mentions
from app.people import People
from app.replication import frames
from app.replication.exchange import Exchange
from app.replication.session import Role, Session, State
from app.text import one_line
from app.widgets.looks import Lookout
from app.widgets.rows import Columns, EntryRows
from tests.replication.memory_store import MemoryStore
from tests.replication.pairs import Pair, identity_of, session_of
from tests.widgets.timelines import message

LOOKOUT = Lookout(Mentions("alice"), ("zebra", "a"))
PEOPLE = People(bytes(32), "alice", records=dict, authors=list)
MAX_OUTPUT = 1_000_000  # bytes that a peer who reads nothing can make a session keep


def frame(data: bytes) -> None:
    """Decoding gives a frame or a ProtocolError; a frame can be written again and reads back the same."""
    try:
        found = frames.decode(data)
    except ProtocolError:
        return
    again = frames.encode(found)[frames.LENGTH_BYTES :]
    if found != frames.Bye(frames.ByeReason.UNKNOWN, getattr(found, "text", "")):
        assert frames.decode(again) == found


def entry(data: bytes) -> None:
    """Decoding never raises, and skimming says the same."""
    found = decode_entry(data)
    assert skim_entry(data) == (found.time, found.seen, found.kind)
    assert found.text is None or isinstance(found.text, str)
    with suppress(InvalidRunError):
        decode_genesis(data)


def proof(data: bytes) -> None:
    """Decoding gives a proof that holds, or none; it can be written again and shown to a person."""
    found = decode_proof(data)
    if found is not None:
        assert decode_proof(encode_proof(found)) == found
        rows = fork_rows([Fork(found, "mallory", False, False)], PEOPLE, zone=UTC)
        assert all(one_line(said) == said for _, said in rows)


def session(data: bytes) -> None:
    """A session and the exchange above it never raise, keep little, and say nothing after goodbye."""
    if len(data) < 2:
        return
    near = _session_at(data[0] % 5)
    store = MemoryStore(identity_of("bob"), "bob", bytes(16))
    exchange = Exchange(store, store.own_feed, random=Random(1)) if near.state is State.OPEN else None
    if exchange is not None:
        exchange.open(near, 0.5)
    now = 1.0
    for part in _parts(data[1], data[2:]):
        now += 0.01
        for event in near.receive(part, now):
            if exchange is not None:
                exchange.handle(near, event, now)
        if exchange is not None:
            exchange.tick(now)
            for request in exchange.take_ingests():
                exchange.ingested(request.ticket, store.ingest(request.runs), now)
        assert near.output_size <= MAX_OUTPUT
    near.timer(now + 100.0)
    near.receive_eof(now + 200.0)
    assert near.closed
    assert near.deadline() is None or not near.timer(now + 300.0)


def text(data: bytes) -> None:
    """A message's rows say what it says, one after the other, harmlessly. The first byte says how wide they are."""
    said = data[1:].decode(errors="replace")
    rows = EntryRows(message(1, said), Columns(1 + data[0] if data else 1, UTC), lookout=LOOKOUT, opened=True)
    at = 0
    for index in range(len(rows)):
        row = rows.row(index)
        assert row.start >= at
        assert not rows.message[at : row.start].strip(" \n")
        assert row.text == rows.message[row.start : row.start + len(row.text)]
        assert len(row.plain) == row.prefix + len(row.text)
        assert one_line(row.plain) == row.plain
        assert all(span.target.isascii() and span.target.isprintable() for span in row.spans)
        at = row.start + len(row.text)
    assert not rows.message[at:].strip(" \n")


TARGETS: dict[str, Callable[[bytes], None]] = {
    "frames": frame,
    "entries": entry,
    "session": session,
    "texts": text,
    "proofs": proof,
}


def _session_at(stage: int) -> Session:
    match stage:
        case 0:
            return session_of("bob", Role.SERVER)
        case 1:
            return session_of("bob", Role.CLIENT)
        case 2:  # it waits for a proof
            bob = session_of("bob", Role.SERVER)
            bob.receive(session_of("alice", Role.CLIENT).take_output(), 0.0)
            return bob
        case 3:  # it waits for somebody's decision
            pair = Pair(session_of("alice", Role.CLIENT), session_of("bob", Role.SERVER), admit=False)
            pair.exchange_bytes()
            pair.server.admit(False)
            return pair.server
    return Pair.of().server


def _parts(how: int, data: bytes) -> Iterator[bytes]:
    match how % 3:
        case 0:
            yield data
        case 1:
            size = how // 3 + 1
            for start in range(0, len(data), size):
                yield data[start : start + size]
        case _:
            start = 0
            while start + 2 <= len(data):
                end = start + 2 + int.from_bytes(data[start : start + 2])
                body = data[start + 2 : end]
                yield len(body).to_bytes(frames.LENGTH_BYTES) + body
                start = end
