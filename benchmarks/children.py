"""Processes that take part in a benchmark, ours and the references', driven in the same way.

- A child is sent a command per line, as JSON, and sends an answer per line, in order.
- Every wait has a limit, and whatever happens no child outlives its `with`.
- Its memory is watched from outside, so that watching costs it nothing.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TypeAlias

Value: TypeAlias = int | float | str | list[float] | list[int]
Answer: TypeAlias = dict[str, Value]

PATIENCE = 300.0  # seconds for one command; the longest takes a minute
LOOK_EVERY = 0.02  # seconds; a look at a process's memory takes some 30 µs
ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory, MiB. own: private to the process; mapped: pages of files, which the system may take back."""

    own: float
    mapped: float

    @property
    def whole(self) -> float:
        return self.own + self.mapped


def memory_of(pid: int) -> Memory:
    """Now. Linux says which part is which; elsewhere there is no cheap way to ask."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    own, mapped, shared = (int(fields[name].split()[0]) / 1024 for name in ("RssAnon", "RssFile", "RssShmem"))
    return Memory(own, mapped + shared)


class Child:
    def __init__(self, command: Sequence[str]) -> None:
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=ROOT, start_new_session=True
        )
        self._buffer = b""

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        try:
            self._process.wait(10 if error is None else 0.1)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, command: str, **given: object) -> None:
        """Send a command. Its answer is to be fetched with `answer`."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"command": command, **given}).encode() + b"\n")

    def answer(self) -> Answer:
        assert self._process.stdout
        while b"\n" not in self._buffer:
            if not select.select([self._process.stdout], [], [], PATIENCE)[0]:
                raise TimeoutError(f"{self._process.args!r} did not answer")
            data = self._process.stdout.read(65536)
            if not data:
                raise ChildProcessError(f"{self._process.args!r} has ended")
            self._buffer += data
        line, self._buffer = self._buffer.split(b"\n", 1)
        answer: Answer = json.loads(line)
        return answer

    @property
    def has_answered(self) -> bool:
        assert self._process.stdout
        return b"\n" in self._buffer or bool(select.select([self._process.stdout], [], [], 0)[0])

    def ask(self, command: str, **given: object) -> Answer:
        self.tell(command, **given)
        return self.answer()

    @contextlib.contextmanager
    def watched(self) -> Iterator[list[Memory]]:
        """Its memory, looked at all the time."""
        seen = [memory_of(self.pid)]
        end = threading.Event()

        def watch() -> None:
            while not end.wait(LOOK_EVERY):
                with contextlib.suppress(OSError, KeyError):  # it has ended
                    seen.append(memory_of(self.pid))

        watching = threading.Thread(target=watch, daemon=True)
        watching.start()
        try:
            yield seen
        finally:
            end.set()
            watching.join()


def peak(seen: Sequence[Memory]) -> Memory:
    """The most of each kind."""
    return Memory(max(memory.own for memory in seen), max(memory.mapped for memory in seen))


def participant(
    folder: Path, members: Sequence[tuple[str, int]], peers: Sequence[tuple[str, int]], *, clear: bool = False
) -> Child:
    """A process of chat-tui nodes (benchmarks.participant). members, peers: names and ports; clear: without TLS."""
    given = {"folder": str(folder), "members": members, "peers": peers, "clear": clear}
    return Child([sys.executable, "-m", "benchmarks.participant", json.dumps(given)])


def ask_all(children: Sequence[Child], command: str, **given: object) -> list[Answer]:
    """All at the same time."""
    for child in children:
        child.tell(command, **given)
    return [child.answer() for child in children]


def number(answer: Answer, key: str) -> float:
    value = answer[key]
    assert isinstance(value, int | float)
    return value


def numbers(answer: Answer, key: str) -> list[float]:
    value = answer[key]
    assert isinstance(value, list)
    return [float(each) for each in value]


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens at."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
