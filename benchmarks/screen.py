"""How fast the screen starts and answers keys, in a real terminal: `python -m benchmarks.screen [--messages N]`.

Latency is the time from a key's byte being written to the terminal until the last byte of the frame that it causes.
Everything happens on loopback, with a history made for the purpose in a temporary folder.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections import deque
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app import config, identity_file
from app.storage.log import Log
from app.timeline import TimelineEntry

WIDTH, HEIGHT = 120, 40
QUIET = 0.03  # seconds without output after which a frame is complete
IN_FLIGHT = 10_000


def make_history(data_dir: Path, messages: int) -> None:
    """A log of alice's with that many messages."""
    user = config.user_folder(data_dir, "alice")
    config.make_user_folder(user)
    own = identity_file.read_or_create(config.key_file(user)).unlock()
    wall = time.time_ns() // 1000 - messages * 1_000_000
    clock = iter(range(wall, wall + 4 * messages * 1_000_000 + 1_000_000, 100_000))
    folder = config.room_folder(user, "main")
    with closing(Log.open(folder, identity=own, name="alice", room="main", wall=lambda: next(clock))) as log:
        pending: deque[Future[TimelineEntry]] = deque()
        for number in range(messages):
            pending.append(log.append(f"message {number} of a long history, as people write them, more or less"))
            if len(pending) >= IN_FLIGHT:
                pending.popleft().result()
        for saved in pending:
            saved.result()


class Screen:
    """The program in a terminal of its own."""

    def __init__(self, data_dir: Path) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "--data-dir", str(data_dir), "--interface", "127.0.0.1", "alice", "bob"],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(slave)
        self.output = b""

    def read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        self.output += os.read(self.master, 1 << 16)
        return True

    def wait_for(self, text: bytes) -> float:
        """Seconds from the start until `text` was on the screen."""
        while text not in self.output:
            if not self.read(30):
                raise TimeoutError(f"{text!r} did not appear")
        return time.perf_counter() - self.started

    def settle(self, seconds: float) -> None:
        while self.read(seconds):
            pass

    def press(self, key: bytes) -> float:
        """Milliseconds until the last byte of the frame that the key causes."""
        pressed = last = time.perf_counter()
        os.write(self.master, key)
        if not self.read(5):
            raise TimeoutError(f"nothing followed {key!r}")
        last = time.perf_counter()
        while self.read(QUIET):
            last = time.perf_counter()
        self.output = b""
        return (last - pressed) * 1000

    def memory(self) -> float:
        """Resident memory, MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def leave(self) -> None:
        os.write(self.master, b"\x11")
        while self.process.poll() is None:
            try:
                self.read(0.1)
            except OSError:
                self.process.wait(10)
        os.close(self.master)


@dataclass(frozen=True, slots=True)
class Figures:
    start: float  # median ms until the newest page (or the hint) is on the screen
    memory: float  # MiB then
    after_paging: float  # MiB after 500 pages up
    latency: dict[str, tuple[float, float]]  # key: median and 99th percentile, ms


def measure(data_dir: Path, newest: bytes, runs: int, keys: int) -> Figures:
    starts, memories = [], []
    for _ in range(runs):
        screen = Screen(data_dir)
        starts.append(screen.wait_for(newest) * 1000)
        screen.settle(0.3)
        memories.append(screen.memory())
        screen.leave()
    screen = Screen(data_dir)
    screen.wait_for(newest)
    screen.settle(1)
    screen.output = b""
    latency = {}
    # Letters are erased again, so that the composer does not grow.
    for name, sequence in (
        ("letter", (b"x", b"\x7f")),
        ("PgUp", (b"\x1b[5~",)),
        ("Alt+Home/End", (b"\x1b[1;3H", b"\x1b[1;3F")),
    ):
        if name == "PgUp" and newest.startswith(b"No "):
            continue
        times = [screen.press(sequence[number % len(sequence)]) for number in range(keys)]
        latency[name] = (statistics.median(times), statistics.quantiles(times, n=100)[98])
    for _ in range(500):
        os.write(screen.master, b"\x1b[5~")
        screen.read(0.01)
    screen.settle(0.5)
    after = screen.memory()
    screen.leave()
    return Figures(statistics.median(starts), statistics.median(memories), after, latency)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--keys", type=int, default=200)
    parser.add_argument("--folder", type=Path, help="keep the history there, and take it from there the next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        full = folder / str(options.messages)
        if not full.exists():
            make_history(full, options.messages)
        cases = (
            ("empty", Path(temporary) / "empty", b"No messages yet"),
            (f"{options.messages:,}", full, f"message {options.messages - 1} ".encode()),
        )
        print(f"{'messages':>10} {'start ms':>9} {'MiB':>6} {'paged MiB':>10}   key: median/p99 ms")
        for name, data_dir, newest in cases:
            figures = measure(data_dir, newest, options.runs, options.keys)
            keys = ", ".join(f"{key} {middle:.1f}/{high:.1f}" for key, (middle, high) in figures.latency.items())
            print(f"{name:>10} {figures.start:>9.0f} {figures.memory:>6.0f} {figures.after_paging:>10.0f}   {keys}")


if __name__ == "__main__":
    main()
