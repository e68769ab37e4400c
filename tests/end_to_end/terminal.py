"""Real processes of chat-tui, watched as a person or a script would: in a terminal read with pyte, or through pipes.

- Every process talks on 127.0.0.1 only, under names that nobody else on this computer has, and has its own folders.
- Waiting has a deadline, and whatever a process shows ends it at once. A terminal draws all the time, watched or not.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyte

PATIENCE = 30.0  # seconds; a loaded computer is slow, not wrong
READY = "Write a message"  # what an empty composer says
PROGRAM = [sys.executable, "-m", "app"]
# A session leader without a terminal takes the one that it asks for: signals and sizes then come as in a real one.
_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"
)
# Sequences that pyte 0.8 takes for others or prints: private ones with < = > before the number, and mode requests.
_BEYOND_PYTE = re.compile(
    rb"\x1b\[[<=>][0-9;:]*[a-zA-Z]|\x1b\[\?[0-9;]*(?:\$p|u)|\x1b\]\d+;[^\x07\x1b]*(?:\x07|\x1b\\)|\x1bP[^\x1b]*\x1b\\"
)
_CUT_SEQUENCE = re.compile(rb"\x1b(?:\[[<=>?]?[0-9;:]*\$?|\][^\x07\x1b]*\x1b?|P[^\x1b]*\x1b?)?\Z")


class Terminal:
    """A process whose terminal is a pty."""

    def __init__(self, arguments: list[str], environment: dict[str, str], *, columns: int, rows: int) -> None:
        self._master, slave = os.openpty()
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._changed = threading.Condition()  # guards the screen
        self._ended = False
        self.raw = bytearray()  # all that was written to it
        self.resize(columns, rows)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _TAKE_TERMINAL, *arguments],
                stdin=slave,
                stdout=slave,
                stderr=slave,
                env=environment,
                start_new_session=True,
            )
        finally:
            os.close(slave)
        self._reader = threading.Thread(target=self._draw, name="terminal", daemon=True)
        self._reader.start()

    def send(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def say(self, text: str) -> None:
        """Type a message when the composer is there, and wait until it is gone from it."""
        self.wait_for(READY)
        self.send(text)
        self.wait_for(lambda screen: READY not in screen and text in screen)
        self.send("\r")
        self.wait_for(READY)

    def resize(self, columns: int, rows: int) -> None:
        with self._changed:
            self._screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    @property
    def lines(self) -> list[str]:
        with self._changed:
            return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait_for(self, what: str | Callable[[str], bool], patience: float = PATIENCE) -> str:
        """Until the screen has the text, or fulfils the condition. The screen."""
        fulfilled = (lambda text: what in text) if isinstance(what, str) else what
        with self._changed:
            if not self._changed.wait_for(lambda: fulfilled(self.text) or self._ended, patience) or self._ended:
                assert fulfilled(self.text), (
                    f"{what!r} is not on the screen, status {self.process.poll()}:\n{self.text}"
                )
            return self.text

    def wait_for_end(self, patience: float = PATIENCE) -> int:
        return self.process.wait(patience)

    @property
    def echoes(self) -> bool:
        """Whether the terminal is as a shell wants it: it shows what is typed, and waits for whole lines."""
        flags = termios.tcgetattr(self._master)[3]
        return bool(flags & termios.ECHO and flags & termios.ICANON)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def hang_up(self) -> None:
        """What closing a terminal's window does."""
        os.kill(self.process.pid, signal.SIGHUP)

    def close(self) -> None:
        """End it whatever it does."""
        if self.process.poll() is None:
            self.kill()
        self._reader.join(PATIENCE)
        os.close(self._master)

    def _draw(self) -> None:
        unread = b""
        while True:
            try:
                got = os.read(self._master, 65536)
            except OSError:  # the last process has closed the terminal
                break
            self.raw += got
            data = unread + got
            cut = _CUT_SEQUENCE.search(data)
            end = cut.start() if cut else len(data)
            unread = data[end:]
            with self._changed:
                self._stream.feed(_BEYOND_PYTE.sub(b"", data[:end]))
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Lines:
    """A process in line mode at the end of three pipes."""

    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, bufsize=0
        )
        assert self.process.stdout
        assert self.process.stderr
        self._buffers = {self.process.stdout.fileno(): b"", self.process.stderr.fileno(): b""}
        self.seen: list[str] = []  # lines of stdout so far
        self.remarks: list[str] = []  # lines of stderr so far

    def type(self, text: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(text.encode() + b"\n")

    def wait_for(self, line: str, patience: float = PATIENCE) -> None:
        """Read until stdout has had the line."""
        self._wait(lambda: line in self.seen, line, patience)

    def wait_for_either(self, *lines: str, patience: float = PATIENCE) -> None:
        """Read until stdout has had one of the lines."""
        self._wait(lambda: any(line in self.seen for line in lines), lines[0], patience)

    def wait_for_remark(self, part: str, patience: float = PATIENCE) -> None:
        """Read until stderr has had a line with the text."""
        self._wait(lambda: any(part in remark for remark in self.remarks), part, patience)

    def wait_for_json(self, condition: Callable[[dict[str, object]], bool], patience: float = PATIENCE) -> None:
        self._wait(lambda: any(condition(json.loads(line)) for line in self.seen), "such an object", patience)

    def wait_until(self, number: int, patience: float = PATIENCE) -> None:
        """Read until stdout has had so many lines."""
        self._wait(lambda: len(self.seen) >= number, f"line {number}", patience)

    def drain(self) -> list[str]:
        """All whole lines of stdout that a process which has ended had written."""
        while self._read(0):
            pass
        return self.seen

    def close_input(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()

    def end(self, patience: float = PATIENCE) -> int:
        """Close its input and read until it ends. The exit status."""
        self.close_input()
        return self.wait_for_end(patience)

    def terminate(self, number: signal.Signals = signal.SIGTERM, patience: float = PATIENCE) -> int:
        self.process.send_signal(number)
        return self.wait_for_end(patience)

    def wait_for_end(self, patience: float = PATIENCE) -> int:
        deadline = time.monotonic() + patience
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(0.1, deadline - time.monotonic()))

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        """End it whatever it does."""
        if self.process.poll() is None:
            self.kill()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def _wait(self, fulfilled: Callable[[], bool], what: str, patience: float) -> None:
        deadline = time.monotonic() + patience
        while not fulfilled():
            if not self._read(deadline - time.monotonic()):
                said = "\n".join(line[:200] for line in [*self.seen[-20:], *self.remarks[-20:]])
                raise AssertionError(f"{what!r} did not come, status {self.process.poll()}:\n{said}")

    def _read(self, seconds: float) -> bool:
        if not self._buffers:
            return False
        ready, _, _ = select.select(list(self._buffers), [], [], max(0.0, seconds))
        assert self.process.stdout
        for descriptor in ready:
            data = os.read(descriptor, 65536)
            *lines, rest = (self._buffers[descriptor] + data).split(b"\n")
            target = self.seen if descriptor == self.process.stdout.fileno() else self.remarks
            target.extend(line.decode() for line in lines)
            self._buffers[descriptor] = rest
            if not data:
                del self._buffers[descriptor]
        return bool(ready)


class Household:
    """People on one computer: who they are, where their things are, and the processes they have started."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._suffix = os.urandom(3).hex()
        self._running: list[Terminal | Lines] = []
        self.settings: dict[str, str] = {}  # environment variables of what is started from now on
        self.prefix: list[str] = []  # a command that starts what follows it, in another namespace for example

    def name(self, name: str) -> str:
        """A name of this test alone."""
        return f"{name}-{self._suffix}"

    def data_dir(self, me: str) -> Path:
        return self._folder / me

    def arguments(self, me: str, *words: str, data_of: str = "") -> list[str]:
        """data_of: whose folder is used, if it is not that of `me`."""
        return [
            *self.prefix,
            *PROGRAM,
            "--data-dir",
            str(self.data_dir(data_of or me)),
            "--interface",
            "127.0.0.1",
            me,
            *words,
        ]

    def terminal(self, me: str, *words: str, columns: int = 100, rows: int = 30) -> Terminal:
        return self._in_terminal(self.arguments(me, *words), columns, rows)

    def command_terminal(self, *words: str) -> Terminal:
        """For a command that asks questions and starts no chat."""
        return self._in_terminal([*PROGRAM, *words], 100, 30)

    def _in_terminal(self, arguments: list[str], columns: int, rows: int) -> Terminal:
        environment = {**self.environment(), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        started = Terminal(arguments, environment, columns=columns, rows=rows)
        self._running.append(started)
        return started

    def lines(self, me: str, *words: str, data_of: str = "") -> Lines:
        started = Lines(self.arguments(me, *words, data_of=data_of), self.environment())
        self._running.append(started)
        return started

    def run(self, *words: str, text: str = "", patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        """Run to the end a command that starts no chat."""
        return subprocess.run(
            [*self.prefix, *PROGRAM, *words],
            input=text,
            capture_output=True,
            text=True,
            env=self.environment(),
            timeout=patience,
            check=False,
        )

    def check(self, me: str, patience: float = PATIENCE) -> subprocess.CompletedProcess[str]:
        return self.run("check", me, "--data-dir", str(self.data_dir(me)), patience=patience)

    def environment(self) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if key in {"PATH", "PYTHONPATH", "VIRTUAL_ENV"}}
        own = {"HOME": str(self._folder), "LANG": "C.UTF-8", "PYTHONPATH": str(Path(__file__).parents[2])}
        return {**kept, **own, **self.settings}

    def close(self) -> None:
        for started in self._running:
            started.close()
