"""All at once: three people write while they are killed, stopped, started and their disks fail, and end alike."""

from __future__ import annotations

import errno
import signal
import time
from pathlib import Path
from random import Random

from tests.end_to_end.terminal import Household, Lines
from tests.faults.shim import Shim
from tests.faults.tries import Say, count_failures

STEPS = 25
NAMES = ("alice", "bob", "carol")


class _Person:
    """One of them: a folder, a disk that can fail, a process that may run."""

    def __init__(self, household: Household, base: Path, me: str, others: list[str]) -> None:
        self.me = me
        self.shown: set[str] = set()
        self._household = household
        self._others = others
        household.data_dir(me).mkdir()
        base = base / f"{me}-control"
        base.mkdir()
        self.shim = Shim(household.data_dir(me), base)
        self.lines: Lines | None = None

    def start(self) -> Lines:
        if self.lines is not None and self.lines.process.poll() is not None:
            self._ended()
        if self.lines is None:
            self._household.settings = self.shim.environment()
            self.lines = self._household.lines(self.me, *self._others, "--admit")
        return self.lines

    def say(self, text: str) -> None:
        try:
            self.start().type(text)
        except BrokenPipeError:
            return  # it has ended a moment ago, since its disk failed while it started

    def _ended(self) -> None:
        """It left by itself, as it does when its disk fails while it starts: with a sentence."""
        assert self.lines is not None
        status = self.lines.wait_for_end()
        said = self.lines.remarks[-1:]
        assert status == 1, (status, said)
        assert said, "it ended without a word"
        assert said[0].startswith("chat-tui: "), said
        assert "should not happen" not in said[0], said
        self.shown |= _lines(self.lines.drain())
        self.lines = None

    def kill(self) -> None:
        if self.lines is not None:
            self.lines.kill()
            self.shown |= _lines(self.lines.drain())
            self.lines = None

    def stop_for(self, seconds: float) -> None:
        process = self.start().process
        process.send_signal(signal.SIGSTOP)
        time.sleep(seconds)
        process.send_signal(signal.SIGCONT)

    def lose_disk_for(self, seconds: float, number: int) -> None:
        self.start()
        self.shim.set(write=number, sync=number)
        time.sleep(seconds)
        self.shim.set()


def _lines(seen: list[str]) -> set[str]:
    """Whom one knows only through others has a question mark, until they meet."""
    return {line.replace("?> ", "> ", 1) for line in seen}


def make_trouble(base: Path, dice: Random) -> int:
    """How many messages there were in the end. Raises AssertionError."""
    household = Household(base)
    names = [household.name(name) for name in NAMES]
    people = [_Person(household, base, me, [name for name in names if name != me]) for me in names]
    try:
        for step in range(STEPS):
            person = dice.choice(people)
            match dice.randrange(5):
                case 0:
                    person.kill()
                case 1:
                    person.stop_for(dice.random())
                case 2:
                    person.lose_disk_for(dice.random(), dice.choice((errno.EIO, errno.ENOSPC)))
                case _:
                    for number in range(dice.randrange(1, 40)):
                        person.say(f"{step} {number} {'x' * dice.randrange(1000)}")
        for person in people:
            person.start().type("the end")  # all disks are well, so it stays
        for person in people:
            for me in names:
                person.start().wait_for_either(f"{me}> the end", f"{me}?> the end")
        ends = []
        for person in people:
            lines = person.start()
            assert lines.end() in (0, 1), lines.remarks[-3:]  # 1: something was refused while its disk failed
            person.shown |= _lines(lines.seen)
            checked = household.check(person.me)
            assert checked.returncode == 0, checked.stdout
            reader = household.lines(person.me)
            assert reader.end() == 0
            assert len(reader.seen) == len(set(reader.seen)), "something is there twice"
            missing = person.shown - _lines(reader.seen)
            assert not missing, f"{len(missing)} that {person.me} was shown are gone, {min(missing)[:60]}"
            ends.append(sorted(_lines(reader.seen)))
        assert ends[0] == ends[1] == ends[2], [len(end) for end in ends]
        return len(ends[0])
    finally:
        household.close()
        for person in people:
            person.shim.close()


def run(times: int, first: int, say: Say) -> int:
    messages: list[int] = []
    failed = count_failures(times, first, say, lambda base, seed: messages.append(make_trouble(base, Random(seed))))
    say(f"{sum(messages):,} messages")
    return failed
