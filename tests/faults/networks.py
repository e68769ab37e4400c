"""Bad networks, one after the other: tests/network/scenarios.py says which."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.faults.shim import NotAvailableError
from tests.network.hosts import NotPermittedError
from tests.network.scenarios import SCENARIOS, place

PATIENCE = 180.0  # seconds; a third of all packets lost takes its time


def run(times: int, first: int, say: Callable[[str], None]) -> int:
    failed = 0
    names = list(SCENARIOS)
    for number in range(first, first + times):
        name = names[number % len(names)]
        with tempfile.TemporaryDirectory(prefix="chat-tui-network-") as folder:
            started = time.monotonic()
            try:
                with place(Path(folder), number, PATIENCE) as at:
                    SCENARIOS[name](at)
                say(f"{number}: {name}: {time.monotonic() - started:.1f} s")
            except NotPermittedError as error:
                raise NotAvailableError(str(error)) from error
            except AssertionError as error:
                failed += 1
                say(f"{number}: {name}: {str(error)[:600]}")
    return failed
