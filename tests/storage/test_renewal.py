"""A new own feed where the old one cannot go on: it has two branches, or its database is elsewhere than it was left."""

from __future__ import annotations

import shutil
from concurrent.futures import Future
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.amendments import Deletion, Edit, Reaction
from app.entry import KIND_COPY, decode_entry
from app.errors import LocalEntryError
from app.genesis import ForkPoint, decode_genesis
from app.identity import Identity
from app.peers import PeerRecord, Standing
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from app.storage.renewal import Renewal, has_lasting_numbers
from tests.feeds import SECOND, START, TestAuthor
from tests.storage.rooms import RoomOfAlice, texts
from tests.storage.twins import Twins, everything, say

BOB, MALLORY = TestAuthor("bob"), TestAuthor("mallory")


def test_times_go_on_after_own_entries_that_came_back(room: RoomOfAlice) -> None:
    log = room.open()
    feed, path = log.own_feed, room.folder / DATA_FILE
    room.close()
    backup = path.read_bytes()
    room.wall.now += 2 * 24 * 3600 * SECOND  # a wrong clock
    log = room.open()
    say(log, "from the day after tomorrow")
    lost = log.read_runs(feed, 2, 2, 1 << 22)
    room.close()
    path.write_bytes(backup)
    room.wall.now -= 2 * 24 * 3600 * SECOND
    log = room.open()

    log.ingest(lost).result()
    entry = log.append("from today").result()

    came_back = decode_entry(lost[0].entries[0])
    assert entry.seq == 3
    assert entry.entry.time is not None
    assert came_back.time is not None
    assert entry.entry.time > came_back.time


def test_what_only_one_branch_has_is_in_the_new_feed(room: RoomOfAlice) -> None:
    twins = Twins(room, ["here 1", "here 2"], ["there 1", "there 2", "there 3"])
    log = twins.log
    node, common = log.node, log.hash_at(twins.feed, 2)
    renewal = log.renew(twins.beyond).result()
    assert renewal is not None
    assert (renewal.feed, renewal.copied, renewal.found) == (log.own_feed, 5, 3)
    assert log.own_feed != twins.feed
    assert log.node != node
    assert common is not None
    assert decode_genesis(everything(log, log.own_feed)[0].entries[0]).fork == ForkPoint(twins.feed, 2, common)
    assert sorted(text or "" for text in texts(log)) == sorted(
        ["both know", "here 1", "here 2", "there 1", "there 2", "there 3"]
    )
    say(log, "and on")
    assert texts(log)[-1] == "and on"
    own = log.own_feed
    room.assert_sound()
    log = room.open()
    assert (log.own_feed, texts(log)[-1]) == (own, "and on")


@pytest.mark.parametrize("new_first", [True, False])
@pytest.mark.parametrize("branch", ["here", "there", "none"])
def test_others_read_each_message_once_whichever_branch_they_hold(
    room: RoomOfAlice, tmp_path: Path, branch: str, new_first: bool
) -> None:
    twins = Twins(room, ["here 1", "here 2"], ["there 1", "there 2"])
    log = twins.log
    held = {"here": everything(log, twins.feed), "there": twins.other, "none": everything(log, twins.feed)[:0]}[branch]
    assert log.renew(twins.beyond).result() is not None
    say(log, "and on")
    new = everything(log, log.own_feed)
    reader = RoomOfAlice(tmp_path / "bob", alice=BOB, wall=room.wall)
    theirs = reader.open()
    for runs in (new, held) if new_first else (held, new):
        assert theirs.ingest(runs).result().refused == []
    expected = ["here 1", "here 2", "there 1", "there 2", "and on"] + (["both know"] if branch != "none" else [])
    assert sorted(text or "" for text in texts(theirs)) == sorted(expected)
    assert theirs.count() == len(expected)
    reader.assert_sound()


def test_copies_stay_hidden_when_their_author_is_refused_and_accepted_again(room: RoomOfAlice, tmp_path: Path) -> None:
    twins = Twins(room, ["here"], ["there"])
    held = everything(twins.log, twins.feed)
    twins.log.renew(twins.beyond).result()
    reader = RoomOfAlice(tmp_path / "bob", alice=BOB, wall=room.wall)
    theirs = reader.open()
    theirs.ingest([*held, *everything(twins.log, twins.log.own_feed)]).result()
    before = texts(theirs)
    alice = room.alice.identity.public
    for standing in (Standing.REFUSED, Standing.ACCEPTED):
        theirs.remember_peer(PeerRecord(alice, "alice", START, {}, standing, START)).result()
    assert texts(theirs) == before == ["both know", "here", "there"]
    reader.assert_sound()


def test_edits_of_one_branch_count_in_the_other(room: RoomOfAlice) -> None:
    twins = Twins(room, ["here"], ["there"])
    log = twins.log
    reference = log.reference(twins.feed, 2)
    assert reference is not None
    log.amend(Edit(reference, "both know better")).result()
    log.renew(twins.beyond).result()
    assert [entry.text for entry in log.after(bytes(16), 10)] == ["both know better", "here", "there"]
    room.assert_sound()


def test_a_second_fork_copies_copies_as_they_are(room: RoomOfAlice) -> None:
    twins = Twins(room, ["here"], ["there"])
    twins.log.renew(twins.beyond).result()
    room.close()
    backup = (room.folder / DATA_FILE).read_bytes()
    log = room.open()
    say(log, "later there")
    feed = log.own_feed
    beyond = everything(log, feed, 3)
    room.close()
    (room.folder / DATA_FILE).write_bytes(backup)
    log = room.open()
    say(log, "later here")
    assert log.renew(beyond).result() is not None
    assert sorted(text or "" for text in texts(log)) == ["both know", "here", "later here", "later there", "there"]
    room.assert_sound()


def refused(answer: Future[Renewal | None]) -> bool:
    return answer.result() is None


def test_nothing_but_my_own_signature_on_another_branch_begins_a_new_feed(room: RoomOfAlice) -> None:
    twins = Twins(room, ["here"], ["there"])
    log, [run] = twins.log, twins.beyond
    forged = replace(run, signature=MALLORY.identity.sign(b"something"))
    foreign = MALLORY.run(1)
    for runs in ([], [forged], [foreign], everything(log, twins.feed), everything(log, twins.feed, 3), twins.other[:0]):
        assert refused(log.renew(runs))
    assert refused(log.renew([replace(run, before=bytes(32))]))
    assert refused(log.renew([replace(run, first=run.first + 5)]))
    assert log.own_feed == twins.feed
    say(log, "still here")
    room.assert_sound()


def test_what_is_written_while_it_is_held_waits_and_is_not_lost(room: RoomOfAlice) -> None:
    log = room.open()
    bob = TestAuthor("bob")
    bob.entries(["from bob"])
    log.hold(True)
    waiting = log.append("waits")
    assert log.ingest(bob.runs()).result().advances
    assert not waiting.done()
    log.hold(False)
    assert waiting.result().entry.text == "waits"
    log.hold(True)
    last = log.append("saved when it closes")
    room.close()
    assert last.result().entry.text == "saved when it closes"


def test_a_database_that_is_elsewhere_begins_a_new_feed_at_once(room: RoomOfAlice, tmp_path: Path) -> None:
    log = room.open()
    assert not log.moved
    say(log, "one")
    feed, node, head = log.own_feed, log.node, log.head(log.own_feed)
    room.close()
    assert not room.open().moved
    room.close()
    copy = RoomOfAlice(tmp_path / "copy", wall=room.wall)
    shutil.copytree(room.folder, copy.folder)
    copy.wall.now -= 3600 * SECOND  # and its clock is slow
    log = copy.open()
    assert log.moved
    assert head is not None
    assert log.own_feed != feed
    assert log.node != node
    assert log.head(feed) == head
    assert decode_genesis(everything(log, log.own_feed)[0].entries[0]).fork == ForkPoint(feed, head.seq, head.hash)
    say(log, "in the copy")
    copy.close()
    log = copy.open()
    assert not log.moved
    assert texts(log) == ["one", "in the copy"]
    copy.assert_sound()
    say(room.open(), "in the original")  # and both go on without a fork


def test_files_are_known_by_their_numbers_only_where_these_last() -> None:
    kinds = ("ext4", "btrfs", "xfs", "tmpfs", "", "vfat", "exfat", "fuseblk", "fuse.gocryptfs")
    assert [kind for kind in kinds if has_lasting_numbers(kind)] == ["ext4", "btrfs", "xfs", "tmpfs", ""]


def test_who_only_looks_does_not_renew(room: RoomOfAlice, tmp_path: Path) -> None:
    room.open()
    room.close()
    copy = RoomOfAlice(tmp_path / "copy", wall=room.wall)
    shutil.copytree(room.folder, copy.folder)
    looking = Identity(b"", room.alice.identity.public)
    log = Log.open(copy.folder, identity=looking, name="alice", room="main", wall=room.wall)
    assert not log.moved
    log.close()
    assert copy.open().moved


def test_what_was_deleted_or_changed_before_it_was_copied_stays_so(room: RoomOfAlice, tmp_path: Path) -> None:
    log = room.open()
    say(log, "both know")
    feed, path = log.own_feed, room.folder / DATA_FILE
    room.close()
    backup = path.read_bytes()
    log = room.open()
    say(log, "a secret", "a mistake")
    deleted, mistaken = log.reference(feed, 3), log.reference(feed, 4)
    assert deleted is not None
    assert mistaken is not None
    log.amend(Deletion(deleted)).result()
    log.amend(Edit(mistaken, "as it should be")).result()
    beyond = everything(log, feed, 3)
    room.close()
    path.write_bytes(backup)
    log = room.open()
    say(log, "here")
    assert log.renew(beyond).result() is not None
    expected = ["both know", "here", None, "as it should be"]
    assert [entry.text for entry in log.after(bytes(16), 10)] == expected

    reader = RoomOfAlice(tmp_path / "bob", alice=BOB, wall=room.wall)
    theirs = reader.open()
    theirs.ingest([*everything(log, feed), *everything(log, log.own_feed)]).result()
    assert [entry.text for entry in theirs.after(bytes(16), 10)] == expected
    room.assert_sound()
    reader.assert_sound()


def test_what_is_said_about_a_copy_is_said_about_what_it_copies(room: RoomOfAlice, tmp_path: Path) -> None:
    twins = Twins(room, ["here"], ["there 1", "there 2"])
    log = twins.log
    log.renew(twins.beyond).result()
    copies = {entry.text: entry for entry in log.after(bytes(16), 10) if entry.feed == log.own_feed}
    about = {text: log.reference(entry.feed, entry.seq) for text, entry in copies.items()}
    first, second = about["there 1"], about["there 2"]
    assert first is not None
    assert second is not None
    assert (first.feed, first.seq) == (twins.feed, 3)
    log.amend(Deletion(first)).result()
    log.amend(Reaction(second, "👍", True)).result()
    log.reply("an answer", second).result()

    reader = RoomOfAlice(tmp_path / "bob", alice=BOB, wall=room.wall)
    theirs = reader.open()
    theirs.ingest([*twins.other, *everything(log, log.own_feed)]).result()  # who has what was copied here
    for some in (log, theirs):
        shown = some.after(bytes(16), 10)
        assert sorted(entry.text or "" for entry in shown) == ["", "an answer", "both know", "here", "there 2"]
        assert [entry.quote.text for entry in shown if entry.quote is not None] == ["there 2"]
        assert [bool(entry.amended and entry.amended.reactions) for entry in shown if entry.text == "there 2"] == [True]
    room.assert_sound()
    reader.assert_sound()


def test_nobody_puts_a_copy_in_the_place_of_what_others_wrote(room: RoomOfAlice) -> None:
    log = room.open()
    bob, mallory = TestAuthor("bob"), TestAuthor("mallory")
    bob.entries(["before", "what bob wrote"])
    log.ingest(bob.runs(1, 2)).result()
    copied = [bob.feed, 3, bob.stored[2]]
    for payload in (copied, [bob.feed, 2**64 - 1, bob.stored[2]], [b"", 3, bob.stored[2]], [bob.feed, 0, b"\xff"]):
        mallory.write(KIND_COPY, payload, seen=[bob.digest(3)])
    log.ingest(mallory.runs()).result()
    log.reply("to bob", bob.reference(3)).result()
    with pytest.raises(LocalEntryError):
        log.amend(Reaction(bob.reference(3), "👍", True))
    shown = log.after(bytes(16), 10)
    assert [entry.quote for entry in shown] == [None] * len(shown)
    assert {entry.name for entry in shown if entry.text == "what bob wrote"} == {"mallory"}
    assert all(log.reference(entry.feed, entry.seq) is not None for entry in shown)
    log.ingest(bob.runs(3)).result()
    assert [entry.name for entry in log.after(bytes(16), 10) if entry.text == "what bob wrote"] == ["bob"]
    room.assert_sound()


def test_what_comes_to_light_of_a_branch_when_it_was_healed_is_written_into_the_new_log_once(room: RoomOfAlice) -> None:
    twins = Twins(room, ["here 1", "here 2"], ["there 1", "there 2", "there 3"])
    log = twins.log
    assert log.renew(twins.early).result() is not None
    assert log.earlier_feeds() == [twins.feed]
    own, node, head = log.own_feed, log.node, log.head(log.own_feed)
    assert head is not None
    assert refused(log.renew(twins.early))

    renewal = log.renew(twins.beyond).result()
    assert renewal == Renewal(own, renewal.num if renewal else 0, None, copied=2, found=2)
    assert refused(log.renew(twins.beyond))
    assert (log.own_feed, log.node) == (own, node)
    say(log, "and on")
    expected = ["both know", "here 1", "here 2", "there 1", "there 2", "there 3", "and on"]
    assert texts(log)[-1] == "and on"
    assert sorted(text or "" for text in texts(log)) == sorted(expected)
    last = log.head(own)
    assert last is not None
    assert last.seq == head.seq + 3
    room.assert_sound()


def test_both_branches_of_a_log_whose_database_was_lost_are_written_into_the_one_after_it(
    room: RoomOfAlice, tmp_path: Path
) -> None:
    twins = Twins(room, ["here 1", "here 2"], ["there 1", "there 2"])
    here = everything(twins.log, twins.feed)
    room.close()
    shutil.rmtree(room.folder)
    room.wall.now += SECOND
    log = room.open()
    own = log.own_feed
    say(log, "anew")
    assert refused(log.renew(twins.beyond))  # nothing of it is here
    log.ingest(here).result()
    assert log.earlier_feeds() == []

    renewal = log.renew(twins.beyond).result()
    assert renewal == Renewal(own, renewal.num if renewal else 0, None, copied=4, found=2)
    assert refused(log.renew(twins.beyond))
    new = everything(log, log.own_feed)
    expected = ["anew", "both know", "here 1", "here 2", "there 1", "there 2"]
    assert sorted(text or "" for text in texts(log)) == expected
    for number, held in enumerate((here, twins.other)):
        reader = RoomOfAlice(tmp_path / f"reader {number}", alice=BOB, wall=room.wall)
        theirs = reader.open()
        theirs.ingest([*held, *new]).result()
        assert sorted(text or "" for text in texts(theirs)) == expected
        reader.assert_sound()
    room.assert_sound()


def test_what_was_lost_does_not_overrule_what_was_said_since(room: RoomOfAlice) -> None:
    log = room.open()
    say(log, "one", "two")
    feed, path = log.own_feed, room.folder / DATA_FILE
    one, two = log.reference(feed, 2), log.reference(feed, 3)
    assert one is not None
    assert two is not None
    room.close()
    backup = path.read_bytes()
    log = room.open()
    say(log, "there")
    early = everything(log, feed, 4)
    log.amend(Edit(one, "one, lost")).result()
    log.amend(Edit(two, "two, lost")).result()
    beyond = everything(log, feed, 4)
    room.close()
    path.write_bytes(backup)
    room.wall.now += SECOND
    log = room.open()
    say(log, "here")
    assert log.renew(early).result() is not None
    log.amend(Edit(one, "one, since")).result()
    assert log.renew(beyond).result() is not None
    assert [entry.text for entry in log.after(bytes(16), 10)][:2] == ["one, since", "two, lost"]
    assert refused(log.renew(beyond))
    room.assert_sound()


def test_two_copies_of_a_database_heal_alone_and_each_message_is_read_once(room: RoomOfAlice, tmp_path: Path) -> None:
    twins = Twins(room, ["here"], ["there"])
    room.close()
    copy = RoomOfAlice(tmp_path / "copy", wall=room.wall)
    shutil.copytree(room.folder, copy.folder)
    reader = RoomOfAlice(tmp_path / "bob", alice=BOB, wall=room.wall)
    theirs = reader.open()
    logs = [room.open(), copy.open()]
    for log in logs:
        assert log.renew(twins.beyond).result() is not None
        theirs.ingest(everything(log, log.own_feed)).result()
    assert logs[0].own_feed != logs[1].own_feed
    assert sorted(text or "" for text in texts(theirs)) == ["here", "there"]
    logs[0].ingest(everything(logs[1], logs[1].own_feed)).result()
    assert texts(logs[0]) == ["both know", "here", "there"]
    for each in (room, copy, reader):
        each.assert_sound()
