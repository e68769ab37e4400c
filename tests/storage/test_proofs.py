"""Who signs two entries with one number is proved by both: what is kept of that, for how long, and how much."""

from __future__ import annotations

from collections.abc import Sequence

import lmdb
import pytest
from msgspec.structs import replace

from app import fork_proof
from app.entry import KIND_COPY, KIND_GENESIS, MAX_TEXT_BYTES, Run, encode_entry, feed_id
from app.fork_proof import Fork, encode_proof
from app.genesis import ForkPoint, Genesis, genesis_payload
from app.identity import verify
from app.ingest import IngestReport, Refusal
from app.peers import PeerRecord, Standing
from app.storage import schema
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from app.storage.proofs import MAX_KEPT
from tests.feeds import TestAuthor
from tests.storage.rooms import RoomOfAlice, texts
from tests.storage.test_check import tampering
from tests.storage.test_repair import damage, mend, pages_of

BOB, CAROL = TestAuthor("bob").identity.public, TestAuthor("carol").identity.public


def ingest(log: Log, *runs: Run, via: bytes = CAROL) -> IngestReport:
    return log.ingest(runs, via).result()


def two_faced(
    here: Sequence[str] = ("to alice",),
    there: Sequence[str] = ("to carol",),
    *,
    name: str = "mallory",
    number: int = 0,
    common: Sequence[str] = ("to both",),
) -> tuple[TestAuthor, TestAuthor]:
    """Somebody who has said `common` to all, and then two things."""
    pair = TestAuthor(name, feed_number=number), TestAuthor(name, feed_number=number)
    for author, said in zip(pair, (here, there), strict=True):
        author.entries([*common, *said])
    return pair


def forked(room: RoomOfAlice) -> tuple[Log, TestAuthor, TestAuthor]:
    """A log that has the branch that was for alice, and was brought the other."""
    here, there = two_faced()
    log = room.open()
    ingest(log, here.run(), via=BOB)
    assert ingest(log, there.run()).proved == [here.feed]
    return log, here, there


def said(fork: Fork) -> list[tuple[bytes, ...]]:
    return [run.entries for run in (fork.proof.here, fork.proof.there)]


def test_both_entries_are_kept_with_who_brought_the_other_and_when(room: RoomOfAlice) -> None:
    log, here, there = forked(room)

    [fork] = log.forks()
    assert fork.proof.holds
    assert (fork.name, fork.replaced, fork.again, fork.differs) == ("mallory", False, False, True)
    assert said(fork) == [(here.stored[2],), (there.stored[2],)]
    assert (fork.proof.via, fork.proof.time) == (CAROL, room.wall.now)
    assert texts(log) == ["to both", "to alice"]
    assert log.fork_seq(here.feed) == 3


def test_they_are_there_at_the_next_start_and_check_verifies_them(room: RoomOfAlice) -> None:
    log, *_ = forked(room)
    before = log.forks()
    room.close()
    assert room.open().forks() == before
    findings = room.check()
    assert findings.sound
    assert findings.forked == {"mallory"}


def test_the_same_is_kept_once_whoever_brings_it(room: RoomOfAlice) -> None:
    log, _, there = forked(room)
    there.entries(["more to carol"])
    assert ingest(log, there.run(), via=BOB).proved == []
    assert len(log.forks()) == 1


def test_a_third_text_is_kept_too(room: RoomOfAlice) -> None:
    log, here, _ = forked(room)
    third = two_faced(there=["to dave"])[1]
    assert ingest(log, third.run(), via=BOB).proved == [here.feed]
    assert len(log.forks()) == 2


def test_a_branch_that_parted_earlier_than_the_run_is_no_proof_and_harms_nothing(room: RoomOfAlice) -> None:
    here, there = two_faced(["1", "2", "3"], ["one", "two", "three"])
    log = room.open()
    ingest(log, here.run(), via=BOB)
    report = ingest(log, there.run(5))
    assert [refused.refusal for refused in report.refused] == [Refusal.FORKED]
    assert (report.proved, log.forks()) == ([], [])


def test_the_place_is_found_within_runs_of_any_length(room: RoomOfAlice) -> None:
    common = [f"{number}" for number in range(40)]
    here, there = two_faced(["here"] * 5, ["there"] * 9, common=common)
    log = room.open()
    for first, last in ((1, 1), (2, 20), (21, 43), (44, 46)):
        ingest(log, here.run(first, last), via=BOB)
    assert ingest(log, there.run(10)).proved == [here.feed]
    [fork] = log.forks()
    assert (fork.proof.here.first, fork.proof.there.last) == (42, 50)
    assert said(fork)[0][0] == here.stored[41]


def test_both_branches_in_one_commit_are_a_proof(room: RoomOfAlice) -> None:
    here, there = two_faced()
    log = room.open()
    assert ingest(log, here.run(), there.run()).proved == [here.feed]
    assert log.forks()[0].proof.here.entries == (here.stored[2],)


def test_what_is_not_signed_is_not_kept(room: RoomOfAlice) -> None:
    here, there = two_faced()
    log = room.open()
    ingest(log, here.run(), via=BOB)
    report = ingest(log, replace(there.run(), signature=bytes(64)))
    assert [refused.refusal for refused in report.refused] == [Refusal.INVALID]
    assert log.forks() == []


def test_few_are_kept_of_one_author_and_the_first_stay(room: RoomOfAlice) -> None:
    log = room.open()
    mallory = TestAuthor("mallory")
    log.remember_peer(PeerRecord(mallory.identity.public, "mallory", 1)).result()
    for number in range(MAX_KEPT + 3):
        ingest(log, *(author.run() for author in two_faced(number=number)), via=BOB if number % 2 else CAROL)
    kept = log.forks()
    assert len(kept) == MAX_KEPT
    assert {fork.proof.here.feed for fork in kept} == {TestAuthor("mallory", feed_number=n).feed for n in range(8)}
    other = two_faced(name="erin")
    assert ingest(log, *(author.run() for author in other), via=BOB).proved == [other[0].feed]


def test_those_by_invented_authors_count_together_against_who_brings_them(room: RoomOfAlice) -> None:
    log = room.open()
    for number in range(MAX_KEPT + 3):
        ingest(log, *(author.run() for author in two_faced(name=f"nobody{number}")), via=CAROL)
    assert len(log.forks()) == MAX_KEPT
    mallory = two_faced()
    assert ingest(log, *(author.run() for author in mallory), via=BOB).proved == [mallory[0].feed]


def test_what_is_beyond_that_is_not_verified_again_whoever_waits_for_it(
    room: RoomOfAlice, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = room.open()
    ingest(log, *(author.run() for author in two_faced()))
    more = [two_faced(there=[f"{number}"])[1].run(3) for number in range(3 * MAX_KEPT)]
    checked: list[bytes] = []

    def verified(author: bytes, message: bytes, signature: bytes) -> bool:
        checked.append(signature)
        return verify(author, message, signature)

    monkeypatch.setattr(fork_proof, "verify", verified)
    assert len(ingest(log, *more).proved) == MAX_KEPT - 1
    assert len(checked) == 2 * (MAX_KEPT - 1)


def test_the_longest_takes_little_more_than_two_runs(room: RoomOfAlice) -> None:
    here, there = two_faced(["x" * MAX_TEXT_BYTES] * 3, ["y" * MAX_TEXT_BYTES] * 3)
    log = room.open()
    ingest(log, *(run for author in (here, there) for run in author.runs()), via=BOB)
    assert len(encode_proof(log.forks()[0].proof)) < (128 << 10) + 1024


def test_own_branches_are_no_accusation(room: RoomOfAlice) -> None:
    here, there = two_faced(name="alice", number=1)  # another device of alice's, put back to an earlier day
    log = room.open()
    assert [refused.refusal for refused in ingest(log, here.run(), there.run()).refused] == [Refusal.FORKED]
    assert log.forks() == []


def test_nothing_of_somebody_who_is_refused_is_told(room: RoomOfAlice) -> None:
    log, here, _ = forked(room)
    log.remember_peer(PeerRecord(here.identity.public, "mallory", None, {}, Standing.REFUSED, 1)).result()
    assert log.forks() == []
    log.remember_peer(PeerRecord(here.identity.public, "mallory", None, {}, Standing.ACCEPTED, 2)).result()
    assert len(log.forks()) == 1


def heal(here: TestAuthor, there: TestAuthor, *, honestly: bool) -> Run:
    """mallory's new feed in the place of the one with two branches, with what only one of them has, or without."""
    fork = ForkPoint(here.feed, 2, here.hashes[2])
    new = TestAuthor("mallory", feed_number=9)
    key, last = here.identity.public, here.digest(3)
    genesis = encode_entry(
        new.time, (last,), KIND_GENESIS, genesis_payload(Genesis(key, "mallory", "main", bytes(16), fork))
    )
    new.feed = feed_id(genesis)
    new.stored, new.hashes = [genesis], [new.hashes[0], new.feed]
    if honestly:
        new.write(KIND_COPY, [there.feed, 3, there.stored[2]], seen=[there.digest(3)])
    return new.run()


def test_who_heals_it_is_known_to_have_said_the_other_text_again(room: RoomOfAlice) -> None:
    log, here, there = forked(room)
    ingest(log, heal(here, there, honestly=True))
    [fork] = log.forks()
    assert (fork.replaced, fork.again) == (True, True)
    assert said(fork) == [(here.stored[2],), (there.stored[2],)]


def test_who_heals_it_without_what_was_said_to_others_is_known_to_have_left_it_out(room: RoomOfAlice) -> None:
    log, here, there = forked(room)
    ingest(log, heal(here, there, honestly=False))
    assert [(fork.replaced, fork.again) for fork in log.forks()] == [(True, False)]


def test_a_proof_that_was_changed_on_disk_is_none_and_check_says_so(room: RoomOfAlice) -> None:
    forked(room)
    room.close()
    with tampering(room) as cursor:
        records = cursor(schema.FORKS)
        assert records.first()
        changed = records.value().replace(b"to carol", b"to CAROL")
        records.put(records.key(), changed)
    assert room.open().forks() == []
    assert [finding.table for finding in room.check().found] == ["forks"]


def test_a_repair_keeps_them(room: RoomOfAlice) -> None:
    log, *_ = forked(room)
    before = log.forks()
    room.close()
    damage(room, pages_of(room, schema.TIMELINE)[:1])
    mend(room)
    assert room.open().forks() == before


def test_a_database_from_before_they_were_kept_gets_a_place_for_them(room: RoomOfAlice) -> None:
    here, there = two_faced()
    ingest(room.open(), here.run(), via=BOB)
    room.close()
    path = str(room.folder / DATA_FILE)
    with lmdb.Environment(path, subdir=False, max_dbs=20, lock=False) as env, env.begin(write=True) as txn:
        txn.drop(env.open_db(schema.FORKS, txn))
    assert room.check().sound
    assert ingest(room.open(), there.run()).proved == [here.feed]
