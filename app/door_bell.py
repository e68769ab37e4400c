"""How `chat-tui peers`, `export` and `import` speak to the program that has the room open: a socket in its folder.

- Only the owner can get at it: the folder is closed to others. It stands beside the lock, as long as that is held.
- One line of JSON each way: {"action": ACTION or null, "name": NAME}, and {"text": TEXT} or {"error": TEXT}. With the
  actions export and import there are "file" and "format", and the answer comes when it is done.
- A room is never kept from opening by it: where there can be none, `peers` says to end the program first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from app.errors import ChatError, UsageError

FILE = "door"
SECONDS = 5.0  # for a question or its answer: both are a line between two programs on one computer
_MAX_LINE = 4 << 20  # a list of some ten thousand people
_MAX_PATH = 100  # bytes; the system's limit is 108 on Linux, 104 on macOS

Decide = Callable[[str | None, str], str]
# Carries by hand: the action, a file, for whom, and in which format.
Carry = Callable[[str, Path, str, str | None], Awaitable[str]]

_LOG = logging.getLogger(__name__)


async def listen(folder: Path, decide: Decide, carry: Carry | None = None) -> None:
    """Answer until cancelled. decide: does an action to a name, or lists; ChatError says what to do instead."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError, RecursionError):  # the last: for deep nesting
            async with asyncio.timeout(SECONDS):
                question = json.loads(await reader.readline())
            answered = await _answer(question, decide, carry)
            async with asyncio.timeout(SECONDS):
                writer.write(json.dumps(answered).encode() + b"\n")
                await writer.drain()
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


def ask(folder: Path, action: str | None, name: str) -> str | None:
    """What the program that has the room in `folder` open answers; None if it cannot be asked.

    Raises UsageError with its advice.
    """
    return _asked(folder, {"action": action, "name": name}, SECONDS)


def ask_to_carry(folder: Path, action: str, file: Path, *, name: str = "", form: str | None = None) -> str | None:
    """As `ask`, for an export or import; waits until it is done."""
    return _asked(folder, {"action": action, "name": name, "file": str(file), "format": form}, None)


def _asked(folder: Path, question: dict[str, str | None], seconds: float | None) -> str | None:
    try:
        answer = json.loads(asyncio.run(_ask(folder, json.dumps(question), seconds)))
    except (OSError, ValueError, TimeoutError):
        return None
    match answer:
        case {"text": str() as text}:
            return text
        case {"error": str() as text, "status": 1}:
            raise ChatError(text)
        case {"error": str() as text}:
            raise UsageError(text)
    return None


async def _ask(folder: Path, question: str, seconds: float | None) -> bytes:
    async with asyncio.timeout(SECONDS):
        with _address(folder) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=_MAX_LINE)
    try:
        async with asyncio.timeout(seconds):
            writer.write(question.encode() + b"\n")
            return await reader.readline()
    finally:
        writer.close()


async def _answer(question: object, decide: Decide, carry: Carry | None) -> dict[str, object]:
    try:
        match question:
            case {
                "action": "export" | "import" as action,
                "name": str() as name,
                "file": str() as file,
                "format": str() | None as form,
            } if carry is not None:
                return {"text": await carry(action, Path(file), name, form)}
            case {"action": str() | None as action, "name": str() as name}:
                return {"text": decide(action, name)}
    except ChatError as error:
        return {"error": str(error), "status": error.exit_status}
    return {}


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
