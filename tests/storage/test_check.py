"""`check` finds what does not fit, in every table, and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import lmdb
import pytest

from app.amendments import Reaction
from app.entry import KIND_COPY
from app.identity import fingerprint, grouped
from app.storage import schema
from app.storage.check import check
from app.storage.findings import MAX_KEPT, Finding, Findings
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice


@pytest.fixture
def filled(room: RoomOfAlice) -> RoomOfAlice:
    """Own entries, two feeds that cite each other, one citation of something that is not here, a reaction, a copy."""
    log = room.open()
    bob, carol = TestAuthor("bob"), TestAuthor("carol", start=START + 50 * SECOND)
    carol.entries(["first", "second"])
    bob.entries(["cites carol", "x" * 9000, "y" * 9000], seen=[carol.digest(3), bytes(15) + b"\x01"])
    bob.entries(["z" * 15_000] * 6)
    bob.amend(Reaction(carol.reference(2), "👍", True))
    bob.write(KIND_COPY, [carol.feed, 9, b"x"], seen=[bytes(15) + b"\x02"])
    log.ingest([*bob.runs(max_bytes=20_000), *carol.runs()]).result()
    for number in range(5):
        log.append(f"{number}").result()
    room.close()
    return room


@contextmanager
def tampering(room: RoomOfAlice) -> Iterator[Callable[[bytes], lmdb.Cursor[bytes]]]:
    """Cursors on the tables, written back at the end."""
    path = str(room.folder / "log.mdb")
    with lmdb.Environment(path, subdir=False, max_dbs=20, lock=False) as env, env.begin(write=True) as txn:
        yield lambda table: txn.cursor(env.open_db(table, txn))


def test_a_sound_database_is_sound_and_stays_as_it_was(filled: RoomOfAlice) -> None:
    before = {path.name: path.read_bytes() for path in filled.folder.iterdir()}
    told: list[tuple[int, int]] = []
    findings = check(filled.folder, progress=lambda done, all_of: told.append((done, all_of)))
    assert (findings.found, findings.sound, findings.feeds, findings.entries) == ([], True, 3, 6 + 12 + 3)
    assert told == [(21, 21)]
    assert {path.name: path.read_bytes() for path in filled.folder.iterdir()} == before


@pytest.mark.parametrize("table", [t for t in schema.TABLES if t not in (schema.META, schema.PEERS, schema.FORKS)])
def test_a_lost_record_is_found_in_any_table(filled: RoomOfAlice, table: bytes) -> None:
    with tampering(filled) as cursor:
        records = cursor(table)
        assert records.first() or table in (schema.CHUNKS, schema.GROUPS)
        if records.first():
            records.delete()
    findings = filled.check()
    assert findings.sound == (table in (schema.CHUNKS, schema.GROUPS))


@pytest.mark.parametrize(
    "table",
    [t for t in schema.TABLES if t not in (schema.META, schema.DANGLING, schema.CHUNKS, schema.GROUPS)],
)
def test_a_changed_record_is_found_in_any_table(filled: RoomOfAlice, table: bytes) -> None:
    with tampering(filled) as cursor:
        records = cursor(table)
        if not records.last():
            records.put(b"bob", b"")
        key, value = records.item()
        records.put(key, bytes(byte ^ 0x55 for byte in value))
    assert not filled.check().sound


@pytest.mark.parametrize("table", [t for t in schema.TABLES if t not in (schema.META, schema.FEEDS)])
def test_a_foreign_record_is_found_in_any_table(filled: RoomOfAlice, table: bytes) -> None:
    with tampering(filled) as cursor:
        records = cursor(table)
        key, value = records.item() if records.first() else (bytes(16), bytes(12))
        records.put(b"\x7f" * len(key), value)
    assert not filled.check().sound


def test_a_feed_that_is_lost_while_others_cite_it_is_found(filled: RoomOfAlice) -> None:
    carol = TestAuthor("carol", start=START + 50 * SECOND).feed
    with tampering(filled) as cursor:
        ids, feeds = cursor(schema.FEED_IDS), cursor(schema.FEEDS)
        num = ids.pop(carol)
        assert num is not None
        feeds.pop(num)
    findings = filled.check()
    assert [finding.table for finding in findings.found] == ["file"]
    assert "which is not in table feeds" in findings.found[0].text


def test_a_finding_names_table_author_and_entry(filled: RoomOfAlice) -> None:
    where = f"feed of bob ({grouped(fingerprint(TestAuthor('bob').identity.public))})"
    with tampering(filled) as cursor:
        records = cursor(schema.ENTRIES)
        entries = [key for key, value in records if value[-3:] == b"yyy"]
        records.put(entries[0], b"tampered")
    findings = filled.check()
    assert f"timeline, {where}, entry 4: it has no place" in {str(finding) for finding in findings.found}


def test_a_signature_by_somebody_else_is_found(filled: RoomOfAlice) -> None:
    with tampering(filled) as cursor:
        records = cursor(schema.CHECKPOINTS)
        records.first()
        key, value = records.item()
        records.put(key, value[:32] + TestAuthor("mallory").identity.sign(b"something else"))
    assert [finding.text for finding in filled.check().found] == ["its signature does not hold"]


def test_an_entry_at_a_later_place_than_it_must_have_is_found(filled: RoomOfAlice) -> None:
    with tampering(filled) as cursor:
        records = cursor(schema.TIMELINE)
        records.last()
        key, value = records.item()
        records.delete()
        records.put((int.from_bytes(key[:8]) + 1).to_bytes(8) + key[8:], value)
    assert "it has no place" in {finding.text for finding in filled.check().found}


def test_damage_in_the_file_is_found_without_opening_it(filled: RoomOfAlice) -> None:
    path = filled.folder / "log.mdb"
    content = bytearray(path.read_bytes())
    for start in range(3 * 4096, len(content), 4096):
        content[start + 10 : start + 12] = b"\xff\xff"
    path.write_bytes(content)
    findings = filled.check()
    assert {finding.table for finding in findings.found} == {"file"}


def test_findings_are_counted_beyond_those_that_are_kept() -> None:
    findings = Findings()
    for number in range(MAX_KEPT + 5):
        findings.add(Finding("timeline", f"{number}"))
    assert (findings.total, len(findings.found), findings.sound) == (MAX_KEPT + 5, MAX_KEPT, False)
