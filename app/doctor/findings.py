"""What the doctor says, and how it goes about it: probes that run side by side, each with an end.

- A probe that hangs (a dead disk, a name server without an answer) is one bad line, and holds up nothing.
- What a probe found before its time was over is told.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from pathlib import Path

from msgspec import Struct

from app.errors import ChatError
from app.private_files import closed_sentence
from app.text import one_line


class Grade(Enum):
    OK = "ok"
    WARN = "warn"  # it works, or may work, and could be better
    BAD = "bad"  # something that a chat needs does not work


class Finding(Struct, frozen=True):
    """area: a word or two, what it is about; text: what was seen; advice: what to do, empty where nothing is."""

    area: str
    grade: Grade
    text: str
    advice: str = ""

    @property
    def line(self) -> str:
        advice = f": {self.advice}" if self.advice else ""
        return one_line(f"{self.grade.value:<4}  {self.area}: {self.text}{advice}")

    @property
    def json(self) -> str:
        said = {"type": "finding", "area": self.area, "grade": self.grade.value, "text": self.text}
        return json.dumps({**said, "advice": self.advice}, ensure_ascii=False)


def ok(area: str, text: str) -> Finding:
    return Finding(area, Grade.OK, text)


def warn(area: str, text: str, advice: str = "") -> Finding:
    return Finding(area, Grade.WARN, text, advice)


def bad(area: str, text: str, advice: str = "") -> Finding:
    return Finding(area, Grade.BAD, text, advice)


class Probe(Struct, frozen=True):
    """seconds: how long it may take; look: may block, runs in a thread of its own."""

    area: str
    seconds: float
    look: Callable[[], Iterable[Finding]]


def examine(probes: Sequence[Probe]) -> Iterator[Finding]:
    """Run all at once, and tell what they find in their order."""
    started = time.monotonic()
    running = [_Running(probe) for probe in probes]
    for one in running:
        yield from one.findings(started)


class _Running:
    def __init__(self, probe: Probe) -> None:
        self._probe = probe
        self._found: list[Finding] = []
        # A daemon: what hangs in the kernel cannot be ended, and the program is not to wait for it at its exit.
        self._thread = threading.Thread(target=self._look, name=f"probe {probe.area}", daemon=True)
        self._thread.start()

    def findings(self, started: float) -> list[Finding]:
        self._thread.join(max(0.0, started + self._probe.seconds - time.monotonic()))
        found = list(self._found)
        if self._thread.is_alive():
            found.append(bad(self._probe.area, f"no answer within {self._probe.seconds:g} seconds"))
        return found

    def _look(self) -> None:
        try:
            for finding in self._probe.look():
                self._found.append(finding)
        except ChatError as error:
            self._found.append(bad(self._probe.area, str(error)))
        except PermissionError as error:
            self._found.append(bad(self._probe.area, closed_sentence(Path(error.filename or os.curdir))))
        except Exception as error:  # one probe that breaks is no reason to hear nothing of the others
            self._found.append(bad(self._probe.area, f"could not be looked at ({type(error).__name__}: {error})"))
