"""What goes wrong around a database: each case is one clear sentence, and the data stays as it was."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import lmdb
import pytest

from app.errors import DamagedError, LockedError, NewerSchemaError, StorageError
from app.identity import Identity
from app.storage import environment
from app.storage.check import check
from app.storage.folder import LOCK_FILE, FolderLock, refuse_network_file_system, was_left
from app.storage.glance import glance
from app.storage.log import Log
from app.storage.schema import ENTRIES, META, META_CLOCK, META_SCHEMA, SCHEMA_VERSION, TABLES, U32
from tests.storage.rooms import RoomOfAlice, texts

ROOT = Path(__file__).parents[2]

PROLOGUE = f"""
import os, sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from app.errors import ChatError
from app.storage.log import Log
from tests.feeds import TestAuthor

def open_log(base):
    folder = Path(base) / "alice" / "rooms" / "main"
    return Log.open(folder, identity=TestAuthor("alice").identity, name="alice", room="main",
                    wall=lambda: time.time_ns() // 1000)
"""


def child(script: str, *arguments: str, before: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    command = [*before, sys.executable, "-c", PROLOGUE + textwrap.dedent(script), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def outcome(script: str, *arguments: str, before: tuple[str, ...] = ()) -> list[str]:
    with child(script, *arguments, before=before) as process:
        output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    return output.splitlines()


def test_one_process_has_a_log_open_at_a_time(room: RoomOfAlice) -> None:
    room.open()
    with pytest.raises(LockedError, match=f"open in process {os.getpid()}"):
        room.open()
    with pytest.raises(LockedError, match=f"could not check: .* process {os.getpid()}"):
        check(room.folder)
    room.close()
    room.open()


def test_a_lock_that_was_released_is_free_even_if_a_child_has_inherited_it(tmp_path: Path) -> None:
    descriptor = os.open(tmp_path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    inherited = os.dup(descriptor)  # shares the lock, as a forked child's does
    FolderLock(descriptor).release()
    FolderLock.take(tmp_path).release()
    os.close(inherited)


def test_the_lock_dies_with_its_process(room: RoomOfAlice) -> None:
    script = """
        log = open_log(sys.argv[1])
        print("open", flush=True)
        sys.stdin.read()
    """
    with child(script, str(room.base)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        with pytest.raises(LockedError, match=f"process {process.pid}"):
            room.open()
        process.kill()
        process.wait()
    room.open()


def test_who_ends_well_leaves_no_mark_and_who_is_killed_does(room: RoomOfAlice) -> None:
    room.open()
    assert not was_left(room.folder)
    room.close()
    assert not was_left(room.folder)
    script = "log = open_log(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    with child(script, str(room.base)) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        assert not was_left(room.folder)
        process.kill()
        process.wait()
    assert was_left(room.folder)
    assert glance(room.folder).entries == 1
    room.open()
    room.close()
    assert not was_left(room.folder)


def test_how_far_the_reading_has_come_that_follows_an_end_that_was_none_is_told(room: RoomOfAlice) -> None:
    log = room.open()
    for number in range(300):
        log.append(f"{number} {'x' * 10_000}")
    room.close()
    told: list[tuple[int, int]] = []
    for left in ("", "1\n"):
        assert told == []
        (room.folder / LOCK_FILE).write_text(left)
        size = (room.folder / "log.mdb").stat().st_size
        Log.open(
            room.folder,
            identity=room.alice.identity,
            name="alice",
            room="main",
            wall=room.wall,
            progress=lambda *done: told.append(done),
        ).close()
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == (size, size)


@pytest.mark.skipif(sys.platform != "linux", reason="reads a file of Linux that answers EIO")
def test_after_a_start_that_did_not_end_well_a_disk_that_cannot_read_is_told_before_anything_is_mapped(
    room: RoomOfAlice,
) -> None:
    room.open()
    room.close()
    path = room.folder / "log.mdb"
    path.unlink()
    path.symlink_to("/proc/self/mem")
    (room.folder / LOCK_FILE).write_text("1\n")
    for look in (room.open, lambda: glance(room.folder), room.open):
        with pytest.raises(StorageError, match="the disk cannot read all of"):
            look()


def test_a_database_by_a_newer_program_is_left_alone(room: RoomOfAlice) -> None:
    room.open()
    room.close()
    path = room.folder / "log.mdb"
    with lmdb.Environment(str(path), subdir=False, max_dbs=20) as env, env.begin(write=True) as txn:
        txn.put(META_SCHEMA, U32.pack(SCHEMA_VERSION + 1), db=env.open_db(META, txn))
        txn.drop(env.open_db(TABLES[-1], txn))
    content = path.read_bytes()
    with pytest.raises(NewerSchemaError, match="update chat-tui"):
        room.open()
    with pytest.raises(NewerSchemaError):
        check(room.folder)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"\0" * 8192, b"not a database" * 1000])
def test_a_file_that_is_no_database_is_reported_and_left_alone(room: RoomOfAlice, content: bytes) -> None:
    room.open()
    room.close()
    path = room.folder / "log.mdb"
    path.write_bytes(content)
    with pytest.raises(DamagedError, match="run: chat-tui check alice"):
        room.open()
    assert path.read_bytes() == content
    assert not check(room.folder).sound


def test_a_file_that_was_cut_short_is_reported(room: RoomOfAlice) -> None:
    log = room.open()
    for number in range(100):
        log.append(f"{number}" * 1000)
    room.close()
    path = room.folder / "log.mdb"
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(DamagedError, match="cut short"):
        room.open()
    assert not check(room.folder).sound


@pytest.mark.parametrize("left", [0, 4096, 20_000, 0.5])
def test_a_file_that_is_cut_short_while_it_is_open_is_told_and_kills_nobody(room: RoomOfAlice, left: float) -> None:
    script = """
        log = open_log(sys.argv[1])
        for number in range(100):
            log.append(f"{number}" * 1000).result()
        path = log.folder / "log.mdb"
        os.truncate(path, int(float(sys.argv[2]) * (path.stat().st_size if float(sys.argv[2]) < 1 else 1)))
        for act in (lambda: log.append("after").result(), lambda: log.after(bytes(16), 10)):
            try:
                act()
            except ChatError as error:
                print(type(error).__name__, "cut short while it was open" in str(error))
        log.close()
    """
    assert outcome(script, str(room.base), str(left)) == ["DamagedError True", "DamagedError True"]


def test_a_database_without_a_table_is_damaged(room: RoomOfAlice) -> None:
    room.open()
    room.close()
    path = room.folder / "log.mdb"
    with lmdb.Environment(str(path), subdir=False, max_dbs=20) as env, env.begin(write=True) as txn:
        txn.drop(env.open_db(TABLES[3], txn))
    with pytest.raises(DamagedError, match="run: chat-tui check alice"):
        room.open()
    assert not check(room.folder).sound


def test_a_clock_of_the_wrong_size_is_damage(room: RoomOfAlice) -> None:
    room.open()
    room.close()
    path = room.folder / "log.mdb"
    with lmdb.Environment(str(path), subdir=False, max_dbs=20) as env, env.begin(write=True) as txn:
        txn.put(META_CLOCK, b"late", db=env.open_db(META, txn))
    with pytest.raises(DamagedError, match="run: chat-tui check alice"):
        room.open()


def test_a_start_that_was_cut_off_leaves_nothing_behind(room: RoomOfAlice) -> None:
    room.folder.mkdir(parents=True)
    (room.folder / "log.mdb-new").write_bytes(b"half a database")
    log = room.open()
    log.append("hello").result()
    assert not (room.folder / "log.mdb-new").exists()
    assert texts(log) == ["hello"]


def test_the_folder_is_private_and_holds_only_what_is_documented(room: RoomOfAlice) -> None:
    room.open()
    assert room.folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in room.folder.iterdir()} == {"log.mdb", "log.mdb-lock", "lock"}


def test_a_database_of_another_key_or_room_is_not_opened(room: RoomOfAlice) -> None:
    room.open()
    room.close()
    with pytest.raises(StorageError, match="another key"):
        Log.open(room.folder, identity=Identity.generate(), name="alice", room="main", wall=room.wall)
    with pytest.raises(StorageError, match="holds room main"):
        Log.open(room.folder, identity=room.alice.identity, name="alice", room="kitchen", wall=room.wall)


def test_there_is_nothing_to_check_without_a_database(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="could not check: there is no database"):
        check(tmp_path)


@pytest.mark.parametrize(("kind", "refused"), [("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("ext4", False)])
def test_network_file_systems_are_refused(tmp_path: Path, kind: str, refused: bool) -> None:
    mounts = tmp_path / "mountinfo"
    point = str(tmp_path / "my home").replace(" ", "\\040")
    mounts.write_text(
        "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        f"40 22 0:41 / {point} rw,relatime shared:1 master:2 - {kind} server:/home rw\n"
    )
    if refused:
        with pytest.raises(StorageError, match=f"network file system \\({kind}\\)"):
            refuse_network_file_system(tmp_path / "my home" / "alice", mounts)
    else:
        refuse_network_file_system(tmp_path / "my home" / "alice", mounts)
    refuse_network_file_system(tmp_path / "my homestead", mounts)


def test_a_read_only_folder_or_file_is_told() -> None:
    script = """
        if os.geteuid() == 0:
            os.setuid(65534)
        base = Path(sys.argv[1]) / "base"
        base.mkdir()
        open_log(base).close()
        folder = base / "alice" / "rooms" / "main"
        def attempt():
            try:
                open_log(base).close()
                print("opened")
            except ChatError as error:
                print(type(error).__name__, "cannot be written" in str(error))
        (folder / "log.mdb").chmod(0o400)
        attempt()
        (folder / "log.mdb").chmod(0o600)
        (folder / "lock").chmod(0o400)
        attempt()
        (folder / "lock").chmod(0o600)
        attempt()
        base.chmod(0o500)
        try:
            Log.open(base / "bob", identity=TestAuthor("bob").identity, name="bob", room="main", wall=lambda: 1)
        except ChatError as error:
            print(type(error).__name__)
        base.chmod(0o700)
    """
    with tempfile.TemporaryDirectory() as base:
        Path(base).chmod(0o777)
        assert outcome(script, base) == ["ReadOnlyError True", "ReadOnlyError True", "opened", "ReadOnlyError"]


def test_a_full_disk_fails_what_does_not_fit_and_nothing_else(tmp_path: Path) -> None:
    mount = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', str(tmp_path))
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no permission for a mount namespace")
    script = """
        base = sys.argv[1]
        log = open_log(base)
        filler = Path(base) / "filler"
        saved = 0
        try:
            while True:
                log.append(f"{saved:05}" + "x" * 8000).result()
                saved += 1
        except ChatError as error:
            print(type(error).__name__, "free some" in str(error), saved > 10)
        try:
            log.append("still full? " + "x" * 16000).result()
            saved += 1
        except ChatError as error:
            print(type(error).__name__)
        print(log.count() == saved)
        os.system(f"mount -o remount,size=8m {base}")
        log.append("there is room again").result()
        print(log.count() == saved + 1)
        log.close()
        from app.storage.check import check
        print(check(Path(base) / "alice" / "rooms" / "main").found)
    """
    assert outcome(script, str(tmp_path), before=mount) == [
        "DiskFullError True True",
        "DiskFullError",
        "True",
        "True",
        "[]",
    ]


def test_own_words_are_saved_when_only_others_do_not_fit(tmp_path: Path) -> None:
    mount = ("unshare", "-rm", "sh", "-c", 'mount -t tmpfs -o size=1m none "$0" && exec "$@"', str(tmp_path))
    if subprocess.run([*mount, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no permission for a mount namespace")
    script = """
        log = open_log(sys.argv[1])
        bob = TestAuthor("bob")
        bob.entries(["x" * 16000] * 100)
        import threading
        held = threading.Event()
        log.subscribe(lambda advances: held.wait())  # the next two requests meet in one commit
        first = log.append("first")
        first.result()
        ingest, own = log.ingest(bob.runs()), log.append("mine")
        held.set()
        print(own.result().entry.text, type(ingest.exception()).__name__)
        log.close()
    """
    assert outcome(script, str(tmp_path), before=mount) == ["mine DiskFullError"]


def test_a_database_that_could_not_be_opened_anew_after_a_failure_is_opened_later(room: RoomOfAlice) -> None:
    log = room.open()
    log.append("hello").result()
    room.close()
    path = room.folder / "log.mdb"
    aside = path.with_name("aside")
    env = environment.Environment(path)

    def fail(_: environment.Txn) -> None:
        path.rename(aside)
        path.mkdir()
        raise lmdb.DiskError("the disk failed")

    with pytest.raises(StorageError):
        env.write(fail)
    with pytest.raises(StorageError, match="cannot be read"), env.read():
        pass
    path.rmdir()
    aside.rename(path)
    with env.read() as txn:
        assert txn.stat(env.tables[ENTRIES])["entries"] == 2
    env.close()
    with pytest.raises(StorageError, match="is closed"), env.read():
        pass


@pytest.mark.parametrize("lines", [1, 7, 60, 200])
def test_what_was_saved_survives_a_kill_at_any_moment(room: RoomOfAlice, lines: int) -> None:
    script = """
        log = open_log(sys.argv[1])
        bob = TestAuthor("bob")
        number = 0
        while True:
            bob.entries([f"bob {number}"] * 20)
            ingest = log.ingest(bob.runs(len(bob.stored) - 19 if number else 1))
            own = [log.append(f"{number}.{part}") for part in range(5)]
            for future in own:
                print(future.result().entry.text, flush=True)
            ingest.result()
            print(f"bob {number}", flush=True)
            number += 1
    """
    with child(script, str(room.base)) as process:
        assert process.stdout is not None
        acknowledged = [process.stdout.readline().strip() for _ in range(lines)]
        process.kill()
        acknowledged += process.stdout.read().split("\n")[:-1]
        process.wait()
    assert set(acknowledged) <= set(texts(room.open()))
    room.assert_sound()
