"""Power cuts: what a program wrote is left as a disk may leave it; what it had shown as saved has to be there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from app.config import key_file, room_folder
from app.errors import ChatError
from app.identity_file import read_sound
from app.storage.check import check
from app.storage.log import Log
from app.timeline import FIRST_KEY
from tests.end_to_end.terminal import Household
from tests.faults.journal import Disk, Step, read_journal
from tests.faults.shim import Shim


@dataclass(frozen=True, slots=True)
class Recording:
    """One run of a program: who it was, where its files were, and all that it did to them."""

    me: str
    folder: Path
    steps: list[Step]


def record(base: Path, dice: Random, *, messages: int) -> Recording:
    """Alice writes and receives, is stopped in the middle and started again, on a disk that takes everything down."""
    household = Household(base)
    alice, bob = household.name("alice"), household.name("bob")
    folder = household.data_dir(alice)
    folder.mkdir()
    shim = Shim(folder, base)
    try:
        at_bob = household.lines(bob, alice)
        household.settings = shim.environment(journal=True)
        for part in range(2):
            at_alice = household.lines(alice, bob, "--history", "0")
            for number in range(messages):
                at_alice.type(f"{part} {number} {'x' * int(dice.paretovariate(0.6) % 3000)}")
                at_bob.type(f"{part} {number} {'y' * int(dice.paretovariate(0.6) % 3000)}")
                if dice.random() < 0.3:
                    at_alice.wait_until(dice.randrange(number + 1))
            at_alice.wait_until(2 * messages)
            if part:
                assert at_alice.end() == 0
            else:
                at_alice.kill()
    finally:
        household.close()
        shim.close()
    return Recording(alice, folder, read_journal(shim.journal))


def cut(recording: Recording, dice: Random, *, honest: bool = True) -> str | None:
    """Let the power fail at some moment. What is wrong with what is left; None if nothing is."""
    disk = Disk(recording.folder)
    moment = dice.randrange(len(recording.steps) + 1)
    for step in recording.steps[:moment]:
        disk.take(step, honest=honest)
    with tempfile.TemporaryDirectory() as folder:
        disk.leave(Path(folder), dice)
        fault = judge(Path(folder), recording.me, disk.said.decode().splitlines())
        return None if fault is None else f"after step {moment:,} of {len(recording.steps):,}: {fault}"


def judge(data_dir: Path, me: str, said: list[str]) -> str | None:
    """said: the lines that the program had shown."""
    user = data_dir / me
    room = room_folder(user, "main")
    if not (room / "log.mdb").exists():
        return f"{len(said)} messages were shown, and there is no database" if said else None
    try:
        identity = read_sound(key_file(user)).unlock()
        findings = check(room)
        log = Log.open(room, identity=identity, name=me, room="main", wall=lambda: 2**50)
    except ChatError as error:
        return str(error)
    try:
        if not findings.sound:
            return f"check finds {findings.found[0]}"
        saved: set[str] = set()
        key = FIRST_KEY
        while page := log.after(key, 1000):
            saved.update(f"{entry.name}> {entry.entry.text}" for entry in page)
            key = page[-1].key
    finally:
        log.close()
    missing = [line for line in said if line not in saved]
    return (
        f"{len(missing)} of {len(said)} messages that were shown are gone, {missing[0][:60]!r} first"
        if missing
        else None
    )


def run(times: int, first: int, say: Callable[[str], None]) -> int:
    """Cut the power `times` times. How often something was wrong."""
    failed = 0
    per_recording = 250
    for start in range(first, first + times, per_recording):
        with tempfile.TemporaryDirectory(prefix="chat-tui-power-") as base:
            recording = record(Path(base), Random(start), messages=60)
            for seed in range(start, min(start + per_recording, first + times)):
                fault = cut(recording, Random(seed))
                if fault is not None:
                    failed += 1
                    say(f"cut {seed}: {fault}")
    return failed
