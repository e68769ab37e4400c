"""Carrying by hand: everything of a room, or what somebody lacks, in a file, taken in as if a peer had sent it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import carrying
from app.command import Export, ExportFormat, Import
from app.config import key_file, make_user_folder, room_folder, user_folder
from app.door_bell import Wanted
from app.errors import ChatError, LockedError, ParcelError, StoppedError, StorageError, UsageError
from app.identity import Identity
from app.identity_file import KeyFile, read
from app.parcel import ParcelHeader, ParcelReader, ParcelWriter
from app.peers import PeerRecord, Standing
from app.private_files import write_new
from app.storage.check import check
from app.storage.log import Log
from app.storage.quota import Quota
from tests.feeds import START, TestAuthor
from tests.storage.rooms import texts
from tests.storage.test_proofs import two_faced


class Desk:
    """Somebody's computer without a network. Nothing there is open but inside `log`."""

    def __init__(self, name: str, base: Path) -> None:
        self.name, self.data_dir = name, base / name
        self.files = base
        self.user = user_folder(self.data_dir, name)
        self.identity = TestAuthor(name).identity
        make_user_folder(self.user)
        write_new(key_file(self.user), KeyFile.plain(self.identity).encode())

    @contextmanager
    def log(self) -> Iterator[Log]:
        log = Log.open(self.folder, identity=self.identity, name=self.name, room="main", wall=wall)
        try:
            yield log
        finally:
            log.close()

    @property
    def folder(self) -> Path:
        return room_folder(self.user, "main")

    def says(self, *words: str) -> None:
        with self.log() as log:
            for text in words:
                log.append(text).result()

    def reads(self) -> list[str | None]:
        with self.log() as log:
            return texts(log)

    def knows(
        self, other: Desk, standing: Standing | None = Standing.ACCEPTED, held: dict[bytes, int] | None = None
    ) -> None:
        pinned = START if standing is Standing.ACCEPTED else None
        with self.log() as log:
            log.remember_peer(
                PeerRecord(other.identity.public, other.name, pinned, held or {}, standing, START)
            ).result()

    def export(self, file: str, reader: str | None = None, form: ExportFormat | None = None) -> str:
        said: list[str] = []
        command = Export(self.name, self.data_dir, "main", self.files / file, reader, form)
        return "\n".join([carrying.export(command, said.append), *said])

    def takes(self, file: str, room: str = "main") -> str:
        return carrying.import_(Import(self.name, self.data_dir, room, self.files / file), {}, None)

    def assert_sound(self) -> None:
        assert check(self.folder).found == []


def wall() -> int:
    return time.time_ns() // 1000


@pytest.fixture
def desk(tmp_path: Path) -> Callable[[str], Desk]:
    return lambda name: Desk(name, tmp_path)


def entries_in(path: Path) -> int:
    with path.open("rb") as file:
        return sum(len(run.entries) for piece in ParcelReader(file, "FILE").runs() for run in piece)


def test_everything_is_there_after_it_was_carried(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says("one", "two")
    assert "3 entries are in" in alice.export("file")
    assert "3 new entries by alice?" in bob.takes("file")
    assert bob.reads() == ["one", "two"]
    bob.assert_sound()


def test_taking_it_in_again_changes_nothing(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says("one")
    alice.export("file")
    bob.takes("file")
    with bob.log() as log:
        before = log.frontier()
    assert bob.takes("file").endswith("; 2 were here already")
    with bob.log() as log:
        assert log.frontier() == before


def test_a_new_computer_needs_a_copy_of_the_key_and_a_file(desk: Callable[[str], Desk], tmp_path: Path) -> None:
    alice = desk("alice")
    alice.says("one")
    alice.export("file")
    new = Desk("alice", tmp_path / "new")
    new.files = alice.files
    assert "2 new entries by alice " in new.takes("file")
    assert new.reads() == ["one"]
    key_file(new.user).unlink()
    with pytest.raises(StorageError, match="identity import alice FILE"):
        new.takes("file")


def test_for_somebody_only_what_they_are_not_known_to_have(desk: Callable[[str], Desk]) -> None:
    alice, bob, carol = desk("alice"), desk("bob"), desk("carol")
    carol.says("c1", "c2", "c3")
    carol.export("from-carol")
    alice.takes("from-carol")
    bob.takes("from-carol")
    bob.says("read carol's")  # and cites what he has read
    alice.says("one", "two")
    alice.export("all")
    bob.takes("all")
    bob.says("read alice's too")
    bob.export("from-bob")
    alice.takes("from-bob")
    alice.says("three")
    alice.knows(bob)
    assert "1 entry for bob is in" in alice.export("for-bob", "bob")
    assert "1 new entry by alice?" in bob.takes("for-bob")
    assert bob.reads()[-1] == "three"
    bob.assert_sound()


def test_what_somebody_acknowledged_is_left_out(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says(*(f"{number} {'x' * 2_000}" for number in range(100)))
    with alice.log() as log:
        feed = log.own_feed
    alice.knows(bob, held={feed: 100})
    alice.export("for-bob", "bob")
    assert entries_in(alice.files / "for-bob") < 35


def test_a_file_that_begins_later_than_what_is_here_says_so(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says(*(f"{number} {'x' * 2_000}" for number in range(100)))
    with alice.log() as log:
        feed = log.own_feed
    alice.knows(bob, held={feed: 100})
    alice.export("for-bob", "bob")
    with pytest.raises(ParcelError, match="lack what comes before them, here and in the file"):
        bob.takes("for-bob")


def test_who_was_never_let_in_gets_no_file_of_their_own(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says("one")
    for standing in (None, Standing.REFUSED):
        with pytest.raises(UsageError, match="bob was never let in here"):
            alice.export("for-bob", "bob")
        alice.knows(bob, standing)
    assert not (alice.files / "for-bob").exists()


def test_nothing_of_somebody_who_is_refused_goes_out_or_in(desk: Callable[[str], Desk]) -> None:
    alice, bob, mallory = desk("alice"), desk("bob"), desk("mallory")
    mallory.says("spam")
    mallory.export("spam")
    bob.says("hello")
    bob.takes("spam")
    bob.export("from-bob")
    alice.knows(mallory, Standing.REFUSED)
    with pytest.raises(ParcelError, match="2 are by people who are refused here; 2 new entries by bob"):
        alice.takes("from-bob")
    assert alice.reads() == ["hello"]
    with pytest.raises(StorageError, match=r"was made by mallory~\w+, who is refused here: nothing was taken"):
        alice.takes("spam")
    bob.knows(mallory, Standing.REFUSED)
    bob.export("clean")
    assert entries_in(bob.files / "clean") == 2


def test_what_stands_before_a_damage_is_kept_and_the_same_command_goes_on(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says(*(f"{number} {'x' * 2_000}" for number in range(200)))
    alice.export("file")
    whole = (alice.files / "file").read_bytes()
    (alice.files / "file").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ParcelError, match=r"the rest is missing; \d+ new entries by alice"):
        bob.takes("file")
    kept = len(bob.reads())
    assert 50 < kept < 110
    (alice.files / "file").write_bytes(whole)
    assert f"; {kept + 1} were here already" in bob.takes("file")
    assert len(bob.reads()) == 200
    bob.assert_sound()


def test_a_changed_word_does_not_verify_and_what_follows_it_is_not_taken(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says(*(f"{number} {'x' * 2_000}" for number in range(100)))
    alice.export("file")
    path = alice.files / "file"
    path.write_bytes(path.read_bytes().replace(b"50 xxx", b"50 yyy"))
    with pytest.raises(ParcelError, match="do not verify: the file was damaged or forged there"):
        bob.takes("file")
    kept = bob.reads()
    assert kept == [f"{number} {'x' * 2_000}" for number in range(len(kept))]
    assert 0 < len(kept) <= 50
    bob.assert_sound()


def test_what_contradicts_what_is_here_is_told(desk: Callable[[str], Desk], tmp_path: Path) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says("one")
    alice.export("before")
    backup = (alice.folder / "log.mdb").read_bytes()
    alice.says("two")
    alice.export("first")
    (alice.folder / "log.mdb").write_bytes(backup)
    alice.says("another two")
    alice.export("second")
    bob.takes("first")
    for _ in range(2):  # the second time the proof is there already
        with pytest.raises(ParcelError, match=r"contradict what .*; both texts: chat-tui peers bob forks;"):
            bob.takes("second")
    assert bob.reads() == ["one", "two"]


def test_an_open_program_hears_that_a_file_proves_two_branches(desk: Callable[[str], Desk]) -> None:
    bob = desk("bob")
    here, there = two_faced()
    files = [bob.files / "first", bob.files / "second"]
    for path, author in zip(files, (here, there), strict=True):
        with path.open("wb") as file:
            writer = ParcelWriter(file, ParcelHeader("main", author.identity.public, author.name, author.time))
            writer.add(author.run())
            writer.finish()
    proved: list[bytes] = []
    with bob.log() as log:
        room = carrying.Room(log, "bob", "main", bob.data_dir, proved.append)
        carrying.carry(room, Wanted("import", files[0]), lambda *_: None)
        assert proved == []
        with pytest.raises(ParcelError, match="both texts"):
            carrying.carry(room, Wanted("import", files[1]), lambda *_: None)
    assert proved == [here.feed]


def test_another_room_is_told_with_what_to_type(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says("one")
    alice.export("file")
    with pytest.raises(UsageError, match=r"from room main, not lab\. .* --room main"):
        bob.takes("file", room="lab")


def test_a_room_that_is_open_or_not_there_is_told(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    with pytest.raises(StorageError, match="nothing is kept for alice in room main"):
        alice.export("file")
    alice.says("one")
    alice.export("file")
    with alice.log(), pytest.raises(LockedError, match="leave that one first"):
        alice.export("other")
    with bob.log(), pytest.raises(LockedError):
        bob.takes("file")
    assert not (alice.files / "other").exists()


def test_an_open_program_opens_no_pipe_and_no_terminal(desk: Callable[[str], Desk], tmp_path: Path) -> None:
    alice = desk("alice")
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)  # without somebody who writes into it, opening it never ends
    with alice.log() as log:
        room = carrying.Room(log, "alice", "main", alice.data_dir)
        for file in (pipe, Path("/dev/tty"), Path("/dev/zero"), tmp_path, tmp_path / "nowhere"):
            with pytest.raises(UsageError, match="is no file that alice's open program can read"):
                carrying.carry(room, Wanted("import", file), lambda *_: None)


def stop_after_some(done: int, _of: int) -> None:
    if done:
        raise StoppedError("stopped")


@pytest.mark.parametrize("form", [None, *ExportFormat])
def test_an_export_that_is_stopped_leaves_nothing(desk: Callable[[str], Desk], form: ExportFormat | None) -> None:
    alice = desk("alice")
    alice.says("one", "two")
    wanted = Wanted("export", alice.files / "file", form=None if form is None else form.value)
    with alice.log() as log, pytest.raises(StoppedError, match="file was not written"):
        carrying.carry(carrying.Room(log, "alice", "main", alice.data_dir), wanted, stop_after_some)
    assert not list(alice.files.glob("file*"))


def test_an_import_that_is_stopped_keeps_what_it_took_and_goes_on(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says(*(f"{number} {'x' * 2_000}" for number in range(200)))
    alice.export("file")
    with bob.log() as log, pytest.raises(StoppedError, match=r"stopped: \d+ new entries by alice.* goes on"):
        carrying.carry(
            carrying.Room(log, "bob", "main", bob.data_dir), Wanted("import", bob.files / "file"), stop_after_some
        )
    kept = len(bob.reads())
    assert 0 < kept < 200
    assert f"; {kept + 1} were here already" in bob.takes("file")
    assert len(bob.reads()) == 200


def test_a_file_that_names_somebody_uses_up_nothing_of_theirs(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), TestAuthor("bob")
    alice.says("one")
    with (alice.files / "file").open("wb") as file:
        parcel = ParcelWriter(file, ParcelHeader("main", bob.identity.public, "bob", START))
        for number in range(Quota().feeds + 1):
            parcel.add(TestAuthor(f"stranger{number}").run())
        parcel.finish()
    with pytest.raises(ParcelError, match="1 are by people whom nobody here has met"):
        alice.takes("file")
    with alice.log() as log:
        for author in (bob, TestAuthor("carol")):
            assert not log.ingest([author.run()], bob.identity.public).result().refused
        assert bob.identity.public not in {author.via for author in log.authors() if author.name.startswith("stranger")}


def test_a_key_with_a_passphrase_is_needed_only_to_begin_a_room(desk: Callable[[str], Desk]) -> None:
    alice, bob = desk("alice"), desk("bob")
    alice.says("one")
    alice.export("file")
    key = key_file(bob.user)
    key.unlink()
    write_new(key, KeyFile.sealed(Identity.from_secret(bob.identity.secret), "secret").encode())
    assert read(key).has_passphrase
    with pytest.raises(ChatError, match="CHAT_TUI_PASSPHRASE"):
        bob.takes("file")
    bob.says("hello")
    assert "2 new entries" in bob.takes("file")


@pytest.mark.parametrize("form", list(ExportFormat))
def test_people_get_what_is_said_and_are_told_that_it_is_not_encrypted(
    desk: Callable[[str], Desk], form: ExportFormat
) -> None:
    alice = desk("alice")
    alice.says("<script>alert(1)</script>", "\x1b]0;owned\x07 two\nlines")
    said = alice.export("file", form=form)
    assert "2 messages are in" in said
    assert "it is not encrypted" in said
    content = (alice.files / "file").read_bytes()
    assert b"\x1b" not in content
    assert (b"<script>" in content) == (form is not ExportFormat.HTML)
