"""Bad networks, one after the other: tests/network/scenarios.py says which."""

from __future__ import annotations

import time
from pathlib import Path

from tests.faults.shim import NotAvailableError
from tests.faults.tries import Say, count_failures
from tests.network.hosts import NotPermittedError
from tests.network.scenarios import SCENARIOS, place

PATIENCE = 180.0  # seconds; a third of all packets lost takes its time


def run(times: int, first: int, say: Say) -> int:
    names = list(SCENARIOS)

    def label(number: int) -> str:
        return f"{number}: {names[number % len(names)]}"

    def one_try(base: Path, number: int) -> None:
        started = time.monotonic()
        try:
            with place(base, number, PATIENCE) as at:
                SCENARIOS[names[number % len(names)]](at)
        except NotPermittedError as error:
            raise NotAvailableError(str(error)) from error
        say(f"{label(number)}: {time.monotonic() - started:.1f} s")

    return count_failures(times, first, say, one_try, label)
