"""The file that LMDB maps: it grows, and is mapped anew, under whoever reads at that moment."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.entry import KIND_TEXT
from app.storage import citing, environment
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from tests.feeds import TestAuthor
from tests.storage.rooms import RoomOfAlice


@contextmanager
def read_by_three(log: Log) -> Iterator[None]:
    done = threading.Event()
    failures: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                key = log.at_rank(log.count() // 2)
                if key is not None:
                    assert log.after(key, 20) is not None
        except BaseException as error:
            failures.append(error)

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    yield
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []


@pytest.mark.parametrize(("setting", "size"), [("FIRST_MAP", 1 << 18), ("LET_GO_BYTES", 1)])
def test_the_map_grows_and_is_made_anew_while_others_read(
    room: RoomOfAlice, monkeypatch: pytest.MonkeyPatch, setting: str, size: int
) -> None:
    monkeypatch.setattr(environment, setting, size)
    log = room.open()
    bob = TestAuthor("bob")
    bob.entries(["x" * 1000] * 2000, step=1)
    with read_by_three(log):
        for run in bob.runs():
            assert not log.ingest([run]).result().refused
    assert log.count() == 2000
    room.assert_sound()


@pytest.mark.parametrize("stretch", [1, 3, 7, 2000])
def test_what_somebody_has_read_is_looked_up_some_entries_at_a_time(
    room: RoomOfAlice, monkeypatch: pytest.MonkeyPatch, stretch: int
) -> None:
    monkeypatch.setattr(citing, "_STRETCH", stretch)
    log = room.open()
    bob, carol = TestAuthor("bob"), TestAuthor("carol")
    bob.entries(["1", "2", "3", "4"])
    carol.entries(["a", "b"])
    carol.write(KIND_TEXT, "yes", seen=[bob.digest(3)])
    carol.entries(["c", "d"])
    carol.write(KIND_TEXT, "and yes", seen=[bob.digest(2)])
    log.ingest([bob.run(), carol.run()]).result()
    assert log.cited_by(carol.identity.public) == {bob.feed: 3}


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which pages of a file are mapped")
def test_what_many_have_written_does_not_stay_in_this_process_s_memory(
    room: RoomOfAlice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(environment, "LET_GO_BYTES", 1)
    log = room.open()
    for number in range(8):  # each among the messages of those before, as when they have written at the same time
        author = TestAuthor(f"author{number}", start=1_700_000_000_000_000 + number)
        author.entries(["x" * 500] * 1000, step=1000)
        assert not log.ingest(author.runs()).result().refused
    log.append("committed after it").result()
    log.append("and once more, when the file has been mapped anew").result()
    mapped, size = _mapped_bytes(), sum(path.stat().st_size for path in room.base.rglob(DATA_FILE))
    assert mapped < size / 4


def _mapped_bytes() -> int:
    """Of the data file, in this process's memory."""
    found = re.findall(rf"{DATA_FILE}\n(?:.*\n)*?Rss: +(\d+) kB", Path("/proc/self/smaps").read_text())
    return 1024 * sum(map(int, found))
