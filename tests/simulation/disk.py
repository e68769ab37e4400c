"""The disk of a simulated computer: the real writer of the real database, without its thread.

- A commit takes a while, and what is written meanwhile goes together with the next one.
- A crash leaves out what waits, or makes the next commit durable without anybody being told.
- A full disk fails inside the transaction, as LMDB does, and the environment is opened anew.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, TypeVar

import lmdb

from app.errors import StorageError
from app.storage.environment import Environment, Txn
from app.storage.log import Log
from app.storage.writer import Writer

if TYPE_CHECKING:
    from tests.simulation.host import Host

T = TypeVar("T")


class StillThread:
    """In the place of the writer's thread: `Disk` does what it would do, when time has passed."""

    def __init__(self, *, target: Callable[[], None], **_: object) -> None:
        self._work = target

    def start(self) -> None:
        pass

    def join(self) -> None:
        self._work()  # the writer is closing: it writes what waits, and ends


class Bell:
    """In the place of the writer's condition: whoever would be woken is the disk."""

    def __init__(self, disk: Disk) -> None:
        self._disk = disk

    def notify_all(self) -> None:
        self._disk.wake()

    def wait(self) -> None:
        raise AssertionError("the writer waits although there is something to write, or a queue is full")


def _error(code: int) -> lmdb.Error:
    """As LMDB raises it."""
    error = lmdb.DiskError("no space left") if code == errno.ENOSPC else lmdb.Error("input/output error")
    vars(error).update(code=code, reason=str(error))
    return error


def _has_work(writer: Writer) -> bool:
    return bool(writer._others or (writer._appends and not writer._holding))


class Disk:
    def __init__(self, host: Host, dice: Random) -> None:
        self.seconds = 0.003
        self.full = False
        self.failing = 0.0  # how many of its commits fail
        self.commits = 0
        self.largest_queue = 0
        self._host = host
        self._dice = dice
        self._writer: Writer | None = None
        self._env: Environment | None = None
        self.busy = False
        self._life = 0

    def attach(self, log: Log) -> None:
        self._writer = log._writer
        self._env = env = log._env
        real = env.write

        def write(work: Callable[[Txn], T]) -> T:
            if not self.full and not (self.failing and self._dice.random() < self.failing):
                return real(work)

            def fail(txn: Txn) -> T:
                work(txn)
                raise _error(errno.ENOSPC if self.full else errno.EIO)

            return real(fail)

        env.write = write  # type: ignore[method-assign]
        self._life += 1
        self.busy = False
        self.wake()

    def wake(self) -> None:
        """There may be something to write."""
        if self._writer is None or self.busy or not self._waiting():
            return
        self.busy = True
        with self._host.acting():
            delay = self.seconds * (0.5 + self._dice.random())
            asyncio.get_running_loop().call_later(delay, self._commit, self._life)

    def crash(self, *, with_last: bool) -> None:
        """What is not committed is lost. with_last: the next commit becomes durable, and nobody learns of it."""
        writer, self._writer = self._writer, None
        self._life += 1
        if writer is None or self._env is None:
            return
        if with_last and _has_work(writer):
            self._write(writer)
        for request in (*writer._appends, *writer._others):
            request.future.set_exception(StorageError("the computer is off"))
        writer._appends.clear()
        writer._others.clear()
        writer._closing = True

    def _waiting(self) -> bool:
        assert self._writer is not None
        return _has_work(self._writer)

    def _commit(self, life: int) -> None:
        if life != self._life or self._writer is None:
            return
        if _has_work(self._writer):
            self._write(self._writer)
        self.busy = False
        self.wake()

    def _write(self, writer: Writer) -> None:
        self.largest_queue = max(self.largest_queue, len(writer._appends) + len(writer._others))
        group = writer._next_group()
        if group is not None:
            self.commits += 1
            writer._write(group)
