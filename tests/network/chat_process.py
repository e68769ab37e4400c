"""One running chat-tui on a host, read as JSON Lines."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from tests.network.hosts import Host

PATIENCE = 25.0  # seconds; longer than a connection over a dead cable is kept


class ChatProcess:
    """A context manager: leaves by SIGTERM, and expects a clean end."""

    def __init__(self, host: Host, folder: Path, me: str, peers: Sequence[str], *, patience: float = PATIENCE) -> None:
        self.me = me
        self._patience = patience
        self._host = host
        self._folder = folder
        self._peers = peers
        self._messages: list[tuple[str, str]] = []
        self._states: dict[str, str] = {}
        self._lines: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()

    def __enter__(self) -> ChatProcess:
        self._folder.mkdir(exist_ok=True)
        self._errors = (self._folder / f"{self.me}.stderr").open("ab")
        self._process = self._host.start(
            ["--json", "--linger", "inf", "--data-dir", str(self._folder), self.me, *self._peers], stderr=self._errors
        )
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.terminate()
        try:
            status = self._process.wait(10)
        finally:
            self._process.kill()
            self._reader.join()
            for stream in (self._process.stdin, self._process.stdout, self._errors):
                if stream is not None:
                    stream.close()
        if kind is None:
            assert status == 0, f"{self.me} ended with {status}: {self.errors()}"
            assert "Traceback" not in self.errors()

    @property
    def pid(self) -> int:
        return self._process.pid  # nsenter becomes what it starts

    def say(self, text: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n".encode())
        self._process.stdin.flush()

    def wait_for_text(self, text: str) -> float:
        """Seconds that it took."""
        return self._wait(lambda: any(text == said for _, said in self._messages), f"the text {text!r}")

    def wait_for_state(self, peer: str, state: str) -> float:
        return self._wait(lambda: self._states.get(peer) == state, f"{peer} to be {state}")

    def wait_for_error(self, text: str) -> None:
        """What goes to stderr is looked at each twentieth of a second: there is no event to wait for."""
        deadline = time.monotonic() + self._patience
        while text not in self.errors():
            assert time.monotonic() < deadline, f"{self.me} waits to say {text!r}; has {self.errors()}"
            time.sleep(0.05)

    def messages(self) -> list[tuple[str, str]]:
        """(author, text) of each message, in the order in which they were printed."""
        return list(self._messages)

    def errors(self) -> str:
        return (self._folder / f"{self.me}.stderr").read_text()

    def _wait(self, happened: Callable[[], bool], what: str) -> float:
        started = time.monotonic()
        while not happened():
            left = started + self._patience - time.monotonic()
            try:
                line = self._lines.get(timeout=max(left, 0.0))
            except queue.Empty:
                raise AssertionError(f"{self.me} waits for {what}; has {self._states}, {self.errors()}") from None
            assert line is not None, f"{self.me} ended while waiting for {what}: {self.errors()}"
            self._note(json.loads(line))
        return time.monotonic() - started

    def _note(self, said: dict[str, str]) -> None:
        if said["type"] == "message":
            self._messages.append((said["author"], said["text"]))
        elif said["type"] == "peer":
            self._states[said["name"]] = said["state"]

    def _read(self) -> None:
        stdout = self._process.stdout
        assert stdout is not None
        for line in stdout:
            self._lines.put(line)
        self._lines.put(None)
