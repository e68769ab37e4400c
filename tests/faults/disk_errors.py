"""A disk that fails for a while, with each errno, at writes or at syncs: it is said, nothing is lost, it goes on."""

from __future__ import annotations

import errno
from pathlib import Path
from random import Random

from tests.end_to_end.terminal import Household
from tests.faults.shim import Shim
from tests.faults.tries import Say, count_failures

ERRORS = (errno.EIO, errno.ENOSPC, errno.EDQUOT, errno.EROFS)
KINDS = ("write", "sync")


def fail_for_a_while(base: Path, number: int, kind: str, dice: Random) -> None:
    """Alice's disk fails while both write, and is well again. Raises AssertionError if anything is lost."""
    household = Household(base)
    alice, bob = household.name("alice"), household.name("bob")
    folder = household.data_dir(alice)
    folder.mkdir()
    shim = Shim(folder, base)
    try:
        at_bob = household.lines(bob, alice)
        household.settings = shim.environment()
        at_alice = household.lines(alice, bob)
        household.settings = {}
        before = [f"before {n} {'x' * dice.randrange(2000)}" for n in range(dice.randrange(1, 20))]
        for text in before:
            at_alice.type(text)
        at_bob.wait_for(f"{alice}> {before[-1]}")

        shim.set(write=number if kind == "write" else 0, sync=number if kind == "sync" else 0)
        at_alice.type("not saved")
        at_alice.wait_for_remark("error> line")
        at_bob.type("from bob meanwhile")
        at_bob.wait_for(f"{bob}> from bob meanwhile")
        assert f"{alice}> not saved" not in at_alice.seen
        shim.set()

        at_alice.type("saved again")
        at_bob.wait_for(f"{alice}> saved again")
        at_alice.wait_for(f"{bob}> from bob meanwhile")
        at_bob.close_input()
        at_alice.close_input()
        assert at_bob.wait_for_end() == 0
        assert at_alice.wait_for_end() == 1, "a message that was not saved is an exit status of 1"
        wanted = [f"{alice}> {text}" for text in (*before, "saved again")]
        for end in (at_alice, at_bob):
            assert [line for line in end.seen if line.startswith(alice)] == wanted
        complaints = [remark.partition(":")[0] for remark in at_alice.remarks if remark.startswith("error>")]
        others = complaints.count("error> messages from others cannot be saved")
        assert others <= 1, complaints
        assert len(complaints) == others + 1, complaints
        for me in (alice, bob):
            checked = household.check(me)
            assert checked.returncode == 0, checked.stdout
    finally:
        household.close()
        shim.close()


def run(times: int, first: int, say: Say) -> int:
    def fault(seed: int) -> tuple[int, str]:
        return ERRORS[seed % len(ERRORS)], KINDS[seed // len(ERRORS) % len(KINDS)]

    def label(seed: int) -> str:
        number, kind = fault(seed)
        return f"{seed}: {errno.errorcode[number]} at a {kind}"

    return count_failures(
        times, first, say, lambda base, seed: fail_for_a_while(base, *fault(seed), Random(seed)), label
    )
