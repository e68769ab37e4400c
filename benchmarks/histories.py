"""Histories to measure with: entries of about 100 bytes, by as many authors as wanted, in a database."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from app import config
from app.identity import Identity
from app.identity_file import KeyFile
from app.private_files import write_new
from app.storage.log import Log
from tests.feeds import TestAuthor

ENTRY_BYTES = 100
TEXT_BYTES = 86  # with the time, an empty list and a kind it makes an entry of 100
_PIECE = 16  # runs that are saved at once
_DAY = 86_400 * 1_000_000


def wall() -> int:
    """Microseconds since 1970, UTC."""
    return time.time_ns() // 1000


def identity(name: str) -> Identity:
    return Identity.from_secret(sha256(name.encode()).digest())


def open_log(folder: Path, name: str) -> Log:
    return Log.open(folder, identity=identity(name), name=name, room="main", wall=wall)


def make_user(data_dir: Path, name: str) -> Path:
    """A user of the program with the key that `open_log` expects. The folder of the room."""
    user = config.user_folder(data_dir, name)
    config.make_user_folder(user)
    write_new(config.key_file(user), KeyFile.plain(identity(name)).encode())
    return config.room_folder(user, "main")


def texts(count: int, seed: int = 0, *, rare: str = "", every: int = 1) -> list[str]:
    """Numbered, so that each can be found, and otherwise letters without much order.

    rare: a word that one of `every` has after its number, the first one too.
    """
    dice = random.Random(seed)
    letters = "".join(dice.choices("abcdefghijklmnopqrstuvwxyz     ", k=8192))
    made = []
    for number in range(count):
        start = number * 31 % 8000
        word = f"{rare} " if rare and number % every == 0 else ""
        made.append(f"message {number} {word}{letters[start : start + TEXT_BYTES]}"[:TEXT_BYTES])
    return made


def fill(
    folder: Path, name: str, messages: int, authors: int, *, until: int | None = None, rare: str = "", every: int = 1
) -> int:
    """The database of `name`, with messages by others, a millisecond apart, the last one at `until`.

    rare: a word that one of `every` messages by the first author has. Returns how many bytes the entries have.
    """
    log = open_log(folder, name)
    end = wall() - _DAY if until is None else until
    share = messages // authors
    size = 0
    for number in range(authors):
        author = TestAuthor(f"author{number}", start=end - messages * 1000 + number)
        author.entries(texts(share, number, rare="" if number else rare, every=every), step=1000 * authors)
        runs = author.runs()
        size += sum(run.size for run in runs)
        for start in range(0, len(runs), _PIECE):
            report = log.ingest(runs[start : start + _PIECE]).result()
            if report.refused:
                raise ValueError(f"a run was refused: {report.refused[0].detail}")
    log.close()
    return size


def copy(source: Path, target: Path) -> Path:
    """The same database again, for somebody who is going to change it."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target)
    return target


def drop(folders: Sequence[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
