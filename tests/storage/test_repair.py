"""Repair: whatever happened to the pages of a database, all that is intact and verifies is there afterwards."""

from __future__ import annotations

import os
import random
import shutil
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import lmdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.amendments import Reaction
from app.entry import encode_entry
from app.errors import LockedError, NewerSchemaError, StorageError
from app.genesis import ForkPoint, decode_genesis
from app.peers import PeerRecord, Standing
from app.storage import schema
from app.storage.check import check
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from app.storage.pages import HEADER, PageFile
from app.storage.repair import Outcome, repair
from app.storage.schema import ENTRY_KEY, U32
from tests.feeds import START, TestAuthor
from tests.storage.rooms import RoomOfAlice, texts

ROOT = Path(__file__).parents[2]
PAGE = 4096
ALICE, BOB, CAROL = TestAuthor("alice"), TestAuthor("bob"), TestAuthor("carol")


def fill(room: RoomOfAlice, *, own: int = 60) -> Log:
    """Messages of all sizes by three people, citations, a reaction, somebody who is known; in many commits."""
    log = room.open()
    bob, carol = TestAuthor("bob"), TestAuthor("carol", start=START + 1)
    bob.entries([f"bob {number} {'b' * (number * 37 % 900)}" for number in range(150)], step=1000)
    carol.entries([f"carol {number} {'c' * 9_000}" for number in range(40)], seen=[bob.digest(5)])
    carol.amend(Reaction(bob.reference(2), "👍", True))
    for runs in zip(bob.runs(max_bytes=3_000)[:18], carol.runs(max_bytes=20_000)[:18], strict=True):
        log.ingest(runs, CAROL.identity.public).result()
        room.wall.now += 1_000_000
    for number in range(own):
        log.append(f"own {number} {'o' * (number * 61 % 5_000)}").result()
    log.remember_peer(
        PeerRecord(BOB.identity.public, "bob", START, {log.own_feed: 7}, Standing.ACCEPTED, START)
    ).result()
    return log


def mend(room: RoomOfAlice) -> Outcome:
    room.close()
    return repair(room.folder, ALICE.identity, "alice", wall=room.wall, progress=lambda *_: None)


def damage(room: RoomOfAlice, pages: list[int]) -> None:
    with (room.folder / DATA_FILE).open("r+b") as file:
        for page in pages:
            file.seek(page * PAGE)
            file.write(os.urandom(PAGE))


def pages_of(room: RoomOfAlice, table: bytes) -> list[int]:
    """The leaf pages of a table as it stands."""
    room.close()
    file = PageFile(room.folder / DATA_FILE)
    found = {node.value.offset // PAGE for node in file.table(file.metas[0], table)}
    file.close()
    return sorted(found)


def stored(log: Log) -> dict[bytes, int]:
    return {feed: head.seq for feed, head in log.frontier().items()}


def test_lost_indexes_are_made_anew_and_nothing_else_changes(room: RoomOfAlice) -> None:
    log = fill(room)
    words, frontier, node, known = texts(log), log.frontier(), log.node, log.peers()
    arrivals = {(entry.feed, entry.seq): entry.arrival for entry in log.after(bytes(16), 500)}
    room.wall.now += 60_000_000
    for table in (schema.TIMELINE, schema.HIDDEN, schema.CITATIONS, schema.AMENDMENTS):
        damage(room, pages_of(room, table)[:1])
    outcome = mend(room)
    assert outcome.continues
    assert not any(feed.missing for feed in outcome.feeds)
    log = room.open()
    assert (texts(log), log.frontier(), log.node, log.peers()) == (words, frontier, node, known)
    lost = sum(arrivals[entry.feed, entry.seq] != entry.arrival for entry in log.after(bytes(16), 500))
    assert lost < len(arrivals) / 2  # those that stood on the lost pages alone
    log.append("and on").result()
    room.assert_sound()


def test_the_damaged_file_is_kept_as_it_was(room: RoomOfAlice) -> None:
    fill(room)
    damage(room, pages_of(room, schema.ENTRIES)[3:4])
    before = (room.folder / DATA_FILE).read_bytes()
    outcome = mend(room)
    assert outcome.kept.read_bytes() == before
    assert outcome.kept.name.startswith("log.mdb.damaged-")
    assert {path.name for path in room.folder.iterdir()} >= {"log.mdb", outcome.kept.name}
    assert not any("repaired" in path.name or "salvage" in path.name for path in room.folder.iterdir())


@pytest.mark.usefixtures("no_links")
def test_without_links_the_damaged_file_is_copied(room: RoomOfAlice) -> None:
    log = fill(room)
    words = texts(log)
    damage(room, pages_of(room, schema.TIMELINE)[:1])
    before = (room.folder / DATA_FILE).read_bytes()
    (room.folder / "log.mdb-copied").write_bytes(b"half")
    outcome = mend(room)
    assert outcome.kept.read_bytes() == before
    assert outcome.kept.stat().st_mode & 0o777 == 0o600
    assert not (room.folder / "log.mdb-copied").exists()
    assert texts(room.open()) == words
    room.assert_sound()


def test_when_own_entries_are_lost_a_new_feed_begins_that_names_where(room: RoomOfAlice) -> None:
    log = fill(room)
    feed, before = log.own_feed, log.frontier()
    lost = log.read_runs(feed, 1, 61, 1 << 20)
    damage(room, pages_of(room, schema.ENTRIES)[1:6])  # the own feed has the first number
    room.wall.now += 60_000_000
    outcome = mend(room)
    assert not outcome.continues
    log = room.open()
    assert log.own_feed != feed
    held = log.head(feed)
    genesis = decode_genesis(log.read_runs(log.own_feed, 1, 1, 1)[0].entries[0])
    assert genesis.fork == (None if held is None else ForkPoint(feed, held.seq, held.hash))
    log.append("in the new one").result()
    assert log.ingest(lost, BOB.identity.public).result().refused == []  # as peers give it back
    assert log.head(feed) == before[feed]
    assert texts(log)[-1] == "in the new one"
    room.assert_sound()


def test_own_checkpoints_that_are_lost_are_signed_anew_and_nothing_else_is(room: RoomOfAlice) -> None:
    log = room.open()
    for number in range(60):
        log.append(f"{number} {'x' * 9_000}").result()
    bob = TestAuthor("bob")
    bob.entries([f"{number} {'x' * 9_000}" for number in range(60)])
    log.ingest(bob.runs()).result()
    feed, words = log.own_feed, [text for text in texts(log) if text]
    head = log.head(feed)
    room.close()
    path = room.folder / DATA_FILE
    file = PageFile(path)
    signed = {node.key: file.read(node.value) for node in file.table(file.metas[0], schema.CHECKPOINTS)}
    file.close()
    content = path.read_bytes()
    for value in signed.values():
        assert value is not None
        content = content.replace(value, bytes(len(value)))  # on whatever pages, also old ones
    path.write_bytes(content)
    outcome = mend(room)
    log = room.open()
    assert outcome.continues
    assert log.head(feed) == head
    held = log.head(bob.feed)
    assert held is None or held.seq < 20
    assert len(words) == 120
    log.append("and on").result()
    room.assert_sound()


def test_who_was_refused_stays_refused(room: RoomOfAlice) -> None:
    log = fill(room)
    log.remember_peer(PeerRecord(CAROL.identity.public, "carol", None, {}, Standing.REFUSED, START)).result()
    words = texts(log)
    damage(room, pages_of(room, schema.TIMELINE)[:1])
    assert mend(room).people == 2
    log = room.open()
    assert texts(log) == words
    assert log.peers()[CAROL.identity.public].refused
    room.assert_sound()


def test_nobody_is_let_in_by_a_page_that_the_database_does_not_reach(room: RoomOfAlice) -> None:
    fill(room)
    mallory, dave = TestAuthor("mallory").identity.public, TestAuthor("dave").identity.public
    records = [
        PeerRecord(mallory, "mallory", START, {}, Standing.ACCEPTED, START, START),
        PeerRecord(dave, "dave", None, {}, Standing.REFUSED, START),
    ]
    room.close()
    path = room.folder / DATA_FILE
    with path.open("ab") as file:
        file.write(leaf_page(file.tell() // PAGE, [(record.key, schema.encode_peer(record)) for record in records]))
    assert mend(room).people == 2
    assert room.open().peers().keys() == {BOB.identity.public, dave}


def test_messages_that_look_like_pages_keep_nobody_s_words_from_being_saved(room: RoomOfAlice) -> None:
    log = room.open()
    bob, mallory = TestAuthor("bob"), TestAuthor("mallory")
    bob.entries([f"bob {number} {'b' * 900}" for number in range(600)], step=1000)
    log.ingest(bob.runs(1, 50)).result()
    key = ENTRY_KEY.pack(2, 400)  # an entry of bob's that is yet to come
    others = [(key, b"no entry %d" % number) for number in range(70)]
    checkpoints = [(key, bytes([number]) * 96) for number in range(32)]
    for _ in range(12):
        first = (room.folder / DATA_FILE).stat().st_size // PAGE  # mallory guesses where her words will stand
        pages = b"".join(leaf_page(first + 1 + at, checkpoints if at % 4 else others) for at in range(14))
        lead = PAGE - HEADER.size - len(encode_entry(START, (), 101, bytes(60_000))) + 60_000
        mallory.add(encode_entry(START, (), 101, (bytes(lead) + pages)[:60_000]))
        log.ingest([mallory.run(max(1, mallory.head.seq if log.head(mallory.feed) else 1))]).result()
    log.ingest(bob.runs(51)).result()
    before = stored(log)
    room.close()
    file = PageFile(room.folder / DATA_FILE)
    claimed = [node for number in range(file.pages) for node in file.leaf(number) if node.key == key]
    file.close()
    assert len(claimed) > 200  # some of the guesses were right
    damage(room, pages_of(room, schema.TIMELINE)[:1])
    mend(room)
    assert stored(room.open()) == before
    room.assert_sound()


def leaf_page(number: int, records: list[tuple[bytes, bytes]]) -> bytes:
    """A page of records as LMDB writes it, but for their order."""
    page, end = bytearray(PAGE), PAGE
    for index, (key, value) in enumerate(records):
        end -= 8 + len(key) + len(value)
        page[end : end + 8 + len(key) + len(value)] = struct.pack("=HHHH", len(value), 0, 0, len(key)) + key + value
        page[HEADER.size + 2 * index : HEADER.size + 2 * index + 2] = struct.pack("=H", end)
    page[: HEADER.size] = HEADER.pack(number, 2, HEADER.size + 2 * len(records), end)
    return bytes(page)


@pytest.mark.parametrize("size", [0, 1, 4096, 8192, 3 * 4096 + 7, 100_000])
def test_a_file_that_was_cut_gives_what_is_left_of_it(room: RoomOfAlice, size: int) -> None:
    fill(room)
    room.close()
    os.truncate(room.folder / DATA_FILE, size)
    outcome = mend(room)
    room.assert_sound()
    log = room.open()
    assert sum(feed.saved for feed in outcome.feeds) <= log.count() + 4
    log.append("and on").result()
    room.assert_sound()


def test_a_file_of_something_else_gives_an_empty_room(room: RoomOfAlice) -> None:
    fill(room)
    room.close()
    (room.folder / DATA_FILE).write_bytes(random.Random(1).randbytes(200_000))
    outcome = mend(room)
    assert (outcome.entries, outcome.continues) == (0, False)
    assert texts(room.open()) == []
    room.assert_sound()


def test_without_the_page_that_was_written_last_the_own_feed_does_not_go_on(room: RoomOfAlice) -> None:
    log = fill(room)
    feed = log.own_feed
    room.close()
    file = PageFile(room.folder / DATA_FILE)
    newest = file.metas[0].transaction % 2
    file.close()
    damage(room, [newest])
    assert not mend(room).continues
    assert room.open().own_feed != feed


def test_a_repair_that_was_cut_off_is_simply_done_again(room: RoomOfAlice) -> None:
    fill(room, own=5)
    damage(room, pages_of(room, schema.TIMELINE)[:1])
    before = (room.folder / DATA_FILE).read_bytes()
    (room.folder / "log.mdb-repaired").write_bytes(b"half")
    (room.folder / "log.mdb-salvage").write_bytes(b"half")
    os.link(room.folder / DATA_FILE, room.folder / "log.mdb.damaged-2026-01-01T000000")
    outcome = mend(room)
    assert outcome.kept.name == "log.mdb.damaged-2026-01-01T000000"
    assert outcome.kept.read_bytes() == before
    room.assert_sound()


def test_a_kill_at_any_moment_leaves_a_database_that_can_be_repaired(room: RoomOfAlice) -> None:
    fill(room)
    damage(room, pages_of(room, schema.ENTRIES)[-1:])
    room.close()
    script = f"""
import sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from app.storage.repair import repair
from tests.feeds import TestAuthor
repair(Path(sys.argv[1]), TestAuthor("alice").identity, "alice", wall=lambda: {room.wall.now},
       progress=lambda doing, *_: print(doing, flush=True))
"""
    for lines in (1, 2, 4):
        command = [sys.executable, "-c", script, str(room.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(lines):
                process.stdout.readline()
            process.kill()
    assert (room.folder / DATA_FILE).is_file()
    mend(room)
    room.assert_sound()


def test_what_cannot_be_repaired_says_why(room: RoomOfAlice, tmp_path: Path) -> None:
    fill(room, own=1)
    with pytest.raises(LockedError):
        repair(room.folder, ALICE.identity, "alice", wall=room.wall, progress=lambda *_: None)
    room.close()
    before = (room.folder / DATA_FILE).read_bytes()
    with pytest.raises(StorageError, match="written with another key"):
        repair(room.folder, BOB.identity, "bob", wall=room.wall, progress=lambda *_: None)
    with pytest.raises(StorageError, match="there is no database"):
        repair(tmp_path, ALICE.identity, "alice", wall=room.wall, progress=lambda *_: None)
    path = str(room.folder / DATA_FILE)
    assert (room.folder / DATA_FILE).read_bytes() == before
    with lmdb.Environment(path, subdir=False, max_dbs=20, lock=False) as env, env.begin(write=True) as txn:
        txn.put(schema.META_SCHEMA, U32.pack(schema.SCHEMA_VERSION + 1), db=env.open_db(schema.META, txn))
    with pytest.raises(NewerSchemaError):
        mend(room)


@dataclass(frozen=True, slots=True)
class Layout:
    """On which pages of a sound file the entries of each feed stand, in runs. runs: (last seq, pages)."""

    own: bytes
    runs: dict[bytes, list[tuple[int, frozenset[int]]]]
    pages: int


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[RoomOfAlice, Layout]:
    room = RoomOfAlice(tmp_path_factory.mktemp("sound"))
    fill(room)
    room.close()
    return room, layout(room.folder / DATA_FILE)


def layout(path: Path) -> Layout:
    file = PageFile(path)
    newest = file.metas[0]
    tables = {
        name: {node.key: node.value for node in file.table(newest, name)}
        for name in (schema.ENTRIES, schema.CHECKPOINTS, schema.FEEDS)
    }
    # The leaf pages on which the keys stand, also of values that have pages of their own.
    leaves: dict[bytes, set[int]] = {}
    for number in range(file.pages):
        for node in file.leaf(number):
            if tables[schema.ENTRIES].get(node.key) == node.value:
                leaves.setdefault(node.key, set()).add(number)
    ends: dict[int, dict[int, int]] = {}
    for key, place in tables[schema.CHECKPOINTS].items():
        num, seq = ENTRY_KEY.unpack(key)
        ends.setdefault(num, {})[seq] = place.offset // PAGE
    runs: dict[bytes, list[tuple[int, frozenset[int]]]] = {}
    for key, place in tables[schema.FEEDS].items():
        record = schema.decode_feed(key, file.read(place) or b"")
        checkpoints = {**ends.get(record.num, {}), record.seq: place.offset // PAGE}
        pages: set[int] = set()
        for seq in range(1, record.seq + 1):
            entry = ENTRY_KEY.pack(record.num, seq)
            value = tables[schema.ENTRIES][entry]
            pages |= leaves[entry] | set(range(value.offset // PAGE, (value.offset + value.size - 1) // PAGE + 1))
            if seq in checkpoints:
                runs.setdefault(record.id, []).append((seq, frozenset(pages | {checkpoints[seq]})))
                pages = set()
    total = file.pages
    own = next(file.read(node.value) for node in file.table(newest, schema.META) if node.key == schema.META_OWN_FEED)
    file.close()
    assert own is not None
    return Layout(own, runs, total)


HURTS = st.sampled_from(["zero", "noise", "flip", "copy"])


@settings(max_examples=40)
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_everything_on_intact_pages_is_saved_whatever_happened_to_others(
    sound: tuple[RoomOfAlice, Layout], data: st.DataObject, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    room, known = sound
    dice = random.Random(seed)
    hurt = RoomOfAlice(tmp_path_factory.mktemp("hurt"))
    shutil.copytree(room.folder, hurt.folder)
    number = data.draw(st.integers(1, known.pages // 3))
    pages = {dice.randrange(known.pages) for _ in range(number)}
    content = bytearray((room.folder / DATA_FILE).read_bytes())
    how = data.draw(HURTS)
    for page in pages:
        at = page * PAGE
        match how:
            case "zero":
                content[at : at + PAGE] = bytes(PAGE)
            case "noise":
                content[at : at + PAGE] = dice.randbytes(PAGE)
            case "flip":
                content[at + dice.randrange(PAGE)] ^= 1 << dice.randrange(8)
            case _:  # an older write that never came: the page is that of another place
                other = dice.randrange(known.pages) * PAGE
                content[at : at + PAGE] = content[other : other + PAGE].ljust(PAGE, b"\0")
    if data.draw(st.booleans()):
        cut = dice.randrange(2, known.pages)
        del content[cut * PAGE :]
        pages |= set(range(cut, known.pages))
    (hurt.folder / DATA_FILE).write_bytes(content)
    outcome = mend(hurt)
    assert check(hurt.folder).found == []
    log = hurt.open()
    if outcome.continues:
        assert stored(log)[known.own] == known.runs[known.own][-1][0]
    for feed, runs in known.runs.items():
        expected = 0
        for last, needed in runs:
            if needed & pages:
                break
            expected = last
        assert stored(log).get(feed, 0) >= expected
    log.append("and on").result()
    hurt.assert_sound()
