"""A disk that is full at each step: before the first start, in the middle of it, while people write.

Each size of the disk stops the program somewhere else. Wherever that is: one sentence, and once there is room all
that was shown is there, and it goes on.
"""

from __future__ import annotations

from pathlib import Path

from tests.end_to_end.terminal import Household
from tests.faults.small_disk import SmallDisk
from tests.faults.tries import Say, count_failures

STEP = 4  # KiB; a page
SIZES = range(4, 124, STEP)  # an empty database with its first message has some 70 KiB
FILES = range(1, 16)


def first_start(base: Path, *, kib: int = 0, files: int = 0) -> str:
    """Start on a disk of that size, then on one with room. What became of the first message. Raises AssertionError."""
    household = Household(base)
    alice = household.name("alice")
    household.data_dir(alice).mkdir()
    disk = SmallDisk(household.data_dir(alice), kib=kib or 4096, files=files)
    try:
        household.prefix = disk.prefix
        place = ("--data-dir", str(household.data_dir(alice)), "--interface", "127.0.0.1", "--linger", "0")
        first = household.run("--plain", alice, *place, text="first\n")
        assert "Traceback" not in first.stderr, first.stderr
        assert "should not happen" not in first.stderr, first.stderr
        shown = first.stdout.splitlines()
        assert shown in ([], [f"{alice}> first"]), shown
        if not shown:
            assert first.returncode == 1, first.stderr
            complaint = [line for line in first.stderr.splitlines() if line.startswith(("chat-tui:", "error>"))]
            assert len(complaint) == 1, first.stderr
            assert "no space left" in complaint[0].lower(), first.stderr

        disk.remount("size=8m,nr_inodes=1000")
        second = household.run("--plain", alice, *place, text="second\n")
        assert second.returncode == 0, second.stderr
        assert second.stdout.splitlines() == [*shown, f"{alice}> second"], (second.stdout, shown)
        checked = household.check(alice)
        assert checked.returncode == 0, checked.stdout
        return "saved" if shown else first.stderr.splitlines()[-1]
    finally:
        household.close()
        disk.close()


def while_writing(base: Path) -> None:
    """Alice's disk fills up while bob and she write, and gets room again. Raises AssertionError."""
    household = Household(base)
    alice, bob = household.name("alice"), household.name("bob")
    household.data_dir(alice).mkdir()
    disk = SmallDisk(household.data_dir(alice), kib=600)
    try:
        at_bob = household.lines(bob, alice)
        household.prefix = disk.prefix
        at_alice = household.lines(alice, bob)
        household.prefix = []
        at_alice.type("before")
        at_bob.wait_for(f"{alice}> before")
        texts = [f"bob {n} {'y' * 2000}" for n in range(400)]
        for text in texts:
            at_bob.type(text)
        at_alice.wait_for_remark("error> messages from others cannot be saved: no space left")
        for number in range(60):  # more than the rest of the disk
            at_alice.type(f"{number} {'x' * 12000}")
        at_alice.wait_for_remark("was not sent: no space left")
        said = [remark[:60] for remark in at_alice.remarks if "messages from others" in remark]
        assert len(said) == 1, said
        disk.remount("size=32m")
        at_alice.wait_for(f"{bob}> {texts[-1]}")
        at_alice.type("room again")
        at_bob.wait_for(f"{alice}> room again")
        assert [line for line in at_alice.seen if line.startswith(bob)] == [f"{bob}> {text}" for text in texts]
        at_alice.close_input()
        at_bob.close_input()
        assert (at_alice.wait_for_end(), at_bob.wait_for_end()) == (1, 0)
        household.prefix = disk.prefix
        assert household.check(alice).returncode == 0
    finally:
        household.close()
        disk.close()


def read_only(base: Path) -> None:
    """A start on a disk that has become read-only is a sentence; checking still works. Raises AssertionError."""
    household = Household(base)
    alice = household.name("alice")
    household.data_dir(alice).mkdir()
    disk = SmallDisk(household.data_dir(alice), kib=65536)
    try:
        household.prefix = disk.prefix
        kept = ("--data-dir", str(household.data_dir(alice)))
        place = (*kept, "--interface", "127.0.0.1")
        assert household.run("--plain", alice, *place, "--linger", "0", text="first\n").returncode == 0
        disk.remount("ro")
        refused = household.run("--plain", alice, *place, "--linger", "0", text="second\n")
        assert (refused.returncode, refused.stdout) == (1, ""), refused.stderr
        assert "its disk is read-only now" in refused.stderr, refused.stderr
        assert household.check(alice).returncode == 0
        seen = household.run("doctor", alice, *place)
        assert seen.returncode == 1
        assert [line for line in seen.stdout.splitlines() if line.startswith("bad") and "read-only" not in line] == []
        disk.remount("rw")
        again = household.run("--plain", alice, *place, "--linger", "0", text="third\n")
        assert again.stdout.splitlines() == [f"{alice}> first", f"{alice}> third"], again.stderr
    finally:
        household.close()
        disk.close()


def run(times: int, first: int, say: Say) -> int:
    """Each try is one size of the disk, or number of files, then one with people writing."""
    steps = [*({"kib": kib} for kib in SIZES), *({"files": files} for files in FILES), {}]

    def label(number: int) -> str:
        return f"{number}: {steps[number % len(steps)] or 'while writing'}"

    def one_try(base: Path, number: int) -> None:
        step = steps[number % len(steps)]
        if step:
            say(f"{label(number)}: {first_start(base, **step)[-160:]}")
        else:
            while_writing(base)

    return count_failures(times, first, say, one_try, label)
