"""The program in a terminal of its own, watched by its bytes: what is painted, and when.

No emulator stands between: it would take more time than what is measured. Texts of messages have numbers, and keys are
letters that occur nowhere else, so that a frame is known by what it must contain.
"""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from benchmarks.children import ROOT, Memory, memory_of

WIDTH, HEIGHT = 120, 40
QUIET = 0.03  # seconds without output after which a frame is complete
PATIENCE = 60.0
# Letters that no text of the program or of a history has.
LETTERS = "αβγδεζηθικλμνξοπρστυφχψωбвгджзийклмнптфцчшщъыьэюя"
PAGE_UP = b"\x1b[5~"
_NUMBER = re.compile(rb"message (\d+) ")
_LEAVE, _ERASE = b"\x11", b"\x15"
# Who installs a program has its modules compiled: not to keep that would measure Python's compiler.
_ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


class Terminal:
    def __init__(self, words: Sequence[str]) -> None:
        """words: what Python is to run."""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self._started = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=ROOT,
            start_new_session=True,
            env={**_ENVIRONMENT, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(slave)
        self._typed = 0
        self._lowest: int | None = None

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.write(self._master, _LEAVE)
        deadline = time.monotonic() + 10
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                self._read(0.05)
            except OSError:  # it has closed its terminal
                break
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._master)

    def wait_for(self, text: str) -> float:
        """Milliseconds from the start of the process until the text was painted."""
        output = b""
        wanted = text.encode()
        while wanted not in output:
            data = self._read(PATIENCE)
            if not data:
                raise TimeoutError(f"{text!r} was not painted: {output[-500:]!r}")
            output += data
        return (time.perf_counter() - self._started) * 1000

    def wait_for_message(self, number: int) -> None:
        """Until a message with that number or a greater one was painted."""
        deadline = time.perf_counter() + PATIENCE
        while not any(int(found) >= number for found in _NUMBER.findall(self._read(PATIENCE))):
            if time.perf_counter() > deadline:
                raise TimeoutError(f"message {number} was not painted")

    def settle(self, seconds: float) -> None:
        """Until nothing was painted for so long."""
        while self._read(seconds):
            pass

    def pause(self, seconds: float) -> None:
        """Let it paint for so long."""
        end = time.perf_counter() + seconds
        while (left := end - time.perf_counter()) > 0:
            self._read(left)

    def type_letter(self) -> float:
        """Milliseconds until the frame that shows the next letter."""
        place = self._typed % len(LETTERS)
        if self._typed and place == 0:
            os.write(self._master, _ERASE)
            self.pause(0.3)
        self._typed += 1
        return self.press(LETTERS[place].encode(), LETTERS[place])[0]

    def press(self, keys: bytes, *texts: str) -> list[float]:
        """Milliseconds from the keys until each of the texts was painted, one after the other."""
        output = b""
        times = []
        pressed = time.perf_counter()
        os.write(self._master, keys)
        for text in texts:
            while (at := output.find(text.encode())) < 0:
                data = self._read(PATIENCE)
                if not data:
                    raise TimeoutError(f"{text!r} was not painted: {output[-500:]!r}")
                output += data
            times.append((time.perf_counter() - pressed) * 1000)
            output = output[at:]
        return times

    def page_up(self) -> float:
        """Milliseconds until the last part of the frame that shows older messages than any before it."""
        pressed = time.perf_counter()
        os.write(self._master, PAGE_UP)
        painted: float | None = None
        before = self._lowest
        while True:
            wait = PATIENCE if painted is None else painted + QUIET - time.perf_counter()
            data = self._read(wait) if wait > 0 else b""
            numbers = [int(number) for number in _NUMBER.findall(data)]
            if numbers and (before is None or min(numbers) < before):
                painted = time.perf_counter()
                self._lowest = min(numbers) if self._lowest is None else min(self._lowest, *numbers)
            elif painted is None and time.perf_counter() > pressed + PATIENCE:
                raise TimeoutError("no older message was painted")
            elif painted is not None and time.perf_counter() >= painted + QUIET:
                return (painted - pressed) * 1000

    @property
    def lowest(self) -> int:
        """The number of the oldest message that was painted by paging."""
        assert self._lowest is not None
        return self._lowest

    def memory(self) -> Memory:
        return memory_of(self._process.pid)

    def _read(self, seconds: float) -> bytes:
        if not select.select([self._master], [], [], max(0.0, seconds))[0]:
            return b""
        return os.read(self._master, 1 << 16)


def chat(data_dir: Path, me: str, peer: str = "bob", *options: str) -> Terminal:
    """The program itself, on loopback."""
    return Terminal(["-m", "app", "--data-dir", str(data_dir), "--interface", "127.0.0.1", *options, me, peer])
