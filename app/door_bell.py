"""How `chat-tui peers`, `export` and `import` speak to the program that has the room open: a socket in its folder.

- Only the owner can get at it: the folder is closed to others. It stands beside the lock, as long as that is held.
- One line of JSON each way: {"action": ACTION or null, "name": NAME}, and {"text": TEXT} or {"error": TEXT}. With the
  actions export and import there are "file" and "format". Lines {"done": N, "of": N} come before their answer, and a
  second line of who asks, or the end of the connection, stops them.
- A room is never kept from opening by it: where there can be none, `peers` says to end the program first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from app.errors import ChatError, StoppedError, UsageError
from app.signals import leaving_on_signals

FILE = "door"
SECONDS = 5.0  # for a question or its answer: both are a line between two programs on one computer
_EVERY = 0.2  # seconds between two lines about how far it has come
_MAX_LINE = 4 << 20  # a list of some ten thousand people
_MAX_PATH = 100  # bytes; the system's limit is 108 on Linux, 104 on macOS

Decide = Callable[[str | None, str], str]
Tell = Callable[[int, int], object]  # how much is done, of how much; raises StoppedError to stop it


class Wanted(Struct, frozen=True):
    """What is to be carried by hand. action: export or import; name: for whom, or empty; form: the value of an
    ExportFormat, or None."""

    action: str
    file: Path
    name: str = ""
    form: str | None = None


Carry = Callable[[Wanted, Tell], Awaitable[str]]

_LOG = logging.getLogger(__name__)


async def listen(folder: Path, decide: Decide, carry: Carry | None = None) -> None:
    """Answer until cancelled. decide: does an action to a name, or lists; ChatError says what to do instead."""

    answering: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            answering.add(task)
            task.add_done_callback(answering.discard)
        try:
            with contextlib.suppress(OSError, ValueError, TimeoutError, RecursionError):  # the last: for deep nesting
                async with asyncio.timeout(SECONDS):
                    question = json.loads(await reader.readline())
                answered = await _answer(question, decide, carry and partial(_watched, carry, reader, writer))
                async with asyncio.timeout(SECONDS):
                    writer.write(_line(answered))
                    await writer.drain()
        finally:
            writer.close()

    try:
        with _address(folder) as address:
            server = await asyncio.start_unix_server(answer, address, limit=_MAX_LINE)
    except OSError as error:
        _LOG.warning("nobody can decide about people from outside: %s", error)
        return
    try:
        async with server:
            await server.serve_forever()
    finally:
        with contextlib.suppress(OSError):
            (folder / FILE).unlink()
        for task in answering:
            task.cancel()
        if answering:  # what is being carried uses the database, which is closed after this
            await asyncio.wait(answering)


def ask(folder: Path, action: str | None, name: str) -> str | None:
    """What the program that has the room in `folder` open answers; None if it cannot be asked.

    Raises UsageError with its advice.
    """
    try:
        answer = json.loads(asyncio.run(_ask(folder, _line({"action": action, "name": name}))))
    except (OSError, ValueError, TimeoutError):
        return None
    return _understood(answer)


def ask_to_carry(folder: Path, wanted: Wanted, progress: Tell) -> str | None:
    """As `ask`, for an export or import: tells how far it has come, and answers when it is done. Signals stop it.

    Raises ChatError too: StoppedError if it was stopped.
    """
    question = {"action": wanted.action, "name": wanted.name, "file": str(wanted.file), "format": wanted.form}
    return asyncio.run(_ask_to_carry(folder, _line(question), progress))


def _understood(answer: object) -> str | None:
    match answer:
        case {"text": str() as text}:
            return text
        case {"error": str() as text, "status": StoppedError.exit_status}:
            raise StoppedError(text)
        case {"error": str() as text, "status": 1}:
            raise ChatError(text)
        case {"error": str() as text}:
            raise UsageError(text)
    return None


async def _ask(folder: Path, question: bytes) -> bytes:
    reader, writer = await _connect(folder)
    try:
        async with asyncio.timeout(SECONDS):
            writer.write(question)
            return await reader.readline()
    finally:
        writer.close()


async def _ask_to_carry(folder: Path, question: bytes, progress: Tell) -> str | None:
    try:
        reader, writer = await _connect(folder)
    except (OSError, TimeoutError):
        return None
    stopped = False

    def stop() -> None:
        nonlocal stopped
        if stopped:
            writer.transport.abort()
        else:
            stopped = True
            writer.write(_line({"action": "stop"}))
            asyncio.get_running_loop().call_later(SECONDS, writer.transport.abort)

    with leaving_on_signals(stop):
        try:
            writer.write(question)
            while True:
                answer = json.loads(await reader.readline())
                match answer:
                    case {"done": int() as done, "of": int() as of}:
                        progress(done, of)
                    case _:
                        return _understood(answer)
        except (OSError, ValueError):  # it answers no more
            if stopped:
                raise StoppedError("stopped without waiting for the chat-tui that has the room open") from None
            raise ChatError("the chat-tui that has the room open ended before this was done: type it again") from None
        finally:
            writer.close()


async def _connect(folder: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    async with asyncio.timeout(SECONDS):
        with _address(folder) as address:
            return await asyncio.open_unix_connection(address, limit=_MAX_LINE)


async def _answer(
    question: object, decide: Decide, carry: Callable[[Wanted], Awaitable[str]] | None
) -> dict[str, object]:
    try:
        match question:
            case {
                "action": "export" | "import" as action,
                "name": str() as name,
                "file": str() as file,
                "format": str() | None as form,
            } if carry is not None:
                return {"text": await carry(Wanted(action, Path(file), name, form))}
            case {"action": str() | None as action, "name": str() as name}:
                return {"text": decide(action, name)}
    except ChatError as error:
        return {"error": str(error), "status": error.exit_status}
    return {}


class _Work:
    """What is carried, between the thread that does it and who asked for it."""

    def __init__(self) -> None:
        self.at = 0, 0
        self.is_stopped = False

    def tell(self, done: int, of: int) -> None:
        if self.is_stopped:
            raise StoppedError("stopped")
        self.at = done, of


async def _watched(carry: Carry, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, wanted: Wanted) -> str:
    """Carry, and say how far that has come, until it is done or nobody wants it any more."""
    work = _Work()
    doing = asyncio.ensure_future(carry(wanted, work.tell))
    unwanted = asyncio.create_task(reader.readline())  # a line or the end: whatever comes now
    try:
        while not doing.done():
            await asyncio.wait(
                {doing} if work.is_stopped else {doing, unwanted},
                timeout=_EVERY,
                return_when=asyncio.FIRST_COMPLETED,
            )
            work.is_stopped = unwanted.done()
            if writer.transport.get_write_buffer_size() == 0:  # who was suspended needs to hear only the newest
                writer.write(_line({"done": work.at[0], "of": work.at[1]}))
        return doing.result()
    finally:
        work.is_stopped = True
        unwanted.cancel()
        await asyncio.gather(doing, unwanted, return_exceptions=True)


def _line(message: Mapping[str, object]) -> bytes:
    return json.dumps(message).encode() + b"\n"


@contextlib.contextmanager
def _address(folder: Path) -> Iterator[str]:
    """A path that the system takes for a socket in `folder`, however long that one's is."""
    path = folder / FILE
    if len(os.fsencode(path)) <= _MAX_PATH:
        yield str(path)
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{FILE}"
    finally:
        os.close(descriptor)
