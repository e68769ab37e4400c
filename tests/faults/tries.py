"""One try after the other, each in a folder of its own: what went wrong is said, and the next is made all the same."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

MAX_SAID = 1_500  # characters of one failure

Say = Callable[[str], None]


def count_failures(
    times: int, first: int, say: Say, one_try: Callable[[Path, int], object], label: Callable[[int], str] = str
) -> int:
    """one_try: with an empty folder and the number of the try, raises AssertionError; label: what a try is called."""
    failed = 0
    for number in range(first, first + times):
        with tempfile.TemporaryDirectory(prefix="chat-tui-faults-") as base:
            try:
                one_try(Path(base), number)
            except AssertionError as error:
                failed += 1
                say(f"{label(number)}: {str(error)[:MAX_SAID]}")
    return failed
