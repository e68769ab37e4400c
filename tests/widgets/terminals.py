"""A program in a real terminal of its own, read with pyte as a person would see it."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte

ROOT = __file__.rpartition("/tests/")[0]


class Terminal:
    def __init__(
        self,
        arguments: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        width: int = 80,
        height: int = 24,
    ) -> None:
        """Run `python ARGUMENTS` in a new session whose terminal this is."""
        self._master, self._slave = pty.openpty()
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        self.modes = termios.tcgetattr(self._slave)
        self.screen = pyte.Screen(width, height)
        self._stream = pyte.ByteStream(self.screen)
        self.output = b""
        self.process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509  # one call, no lock
            env={**os.environ, "TERM": "xterm-256color", **(environment or {})},
        )

    def type(self, data: str | bytes) -> None:
        os.write(self._master, data.encode() if isinstance(data, str) else data)

    def rows(self) -> list[str]:
        return list(self.screen.display)

    def shows(self, text: str) -> bool:
        return any(text in row for row in self.screen.display)

    def wait(self, condition: Callable[[], bool], seconds: float = 20) -> None:
        """Read until `condition`; AssertionError with the screen when it does not come."""
        end = time.monotonic() + seconds
        while not condition():
            left = end - time.monotonic()
            assert left > 0, "waited in vain:\n" + "\n".join(self.rows())
            self._read(min(left, 0.05))

    def wait_for(self, text: str) -> None:
        self.wait(lambda: self.shows(text))

    def ended(self, seconds: float = 20) -> int:
        """The exit status, once it has ended and all it said has been read."""
        self.wait(lambda: self.process.poll() is not None, seconds)
        while self._read(0):
            pass
        return self.process.wait()

    def restored(self) -> bool:
        """Whether the terminal is as it was before the program."""
        return termios.tcgetattr(self._slave) == self.modes and self.output.rindex(b"\x1b[?1049l") > self.output.rindex(
            b"\x1b[?1049h"
        )

    def resize(self, width: int, height: int) -> None:
        self.screen.resize(height, width)
        fcntl.ioctl(self._slave, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def settle(self) -> None:
        """Read until nothing comes for a while."""
        while self._read(0.5):
            pass

    def cpu_seconds(self) -> float:
        """Processor time of the program so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def hang_up(self) -> None:
        os.close(self._master)
        os.close(self._slave)
        self._master = self._slave = -1

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._master >= 0:
            self.hang_up()

    def _read(self, seconds: float) -> bool:
        if self._master < 0 or not select.select([self._master], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:
            return False
        self.output += data
        self._stream.feed(data)
        return True
