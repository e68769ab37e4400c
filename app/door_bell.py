"""How `chat-tui peers` speaks to the program that has the room open: a socket in the room's folder.

- Only the owner can get at it: the folder is closed to others. It stands beside the lock, as long as that is held.
- One line of JSON each way: {"action": ACTION or null, "name": NAME}, and {"text": TEXT} or {"error": TEXT}.
- A room is never kept from opening by it: where there can be none, `peers` says to end the program first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from app.errors import ChatError, UsageError

FILE = "door"
SECONDS = 5.0  # for a question or its answer: both are a line between two programs on one computer
_MAX_LINE = 4 << 20  # a list of some ten thousand people
_MAX_PATH = 100  # bytes; the system's limit is 108 on Linux, 104 on macOS

Decide = Callable[[str | None, str], str]

_LOG = logging.getLogger(__name__)


async def listen(folder: Path, decide: Decide) -> None:
    """Answer until cancelled. decide: does an action to a name, or lists; ChatError says what to do instead."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, ValueError, TimeoutError, RecursionError):  # the last: for deep nesting
            async with asyncio.timeout(SECONDS):
                writer.write(_answer(await reader.readline(), decide))
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
    try:
        answer = json.loads(asyncio.run(_ask(folder, json.dumps({"action": action, "name": name}))))
    except (OSError, ValueError, TimeoutError):
        return None
    match answer:
        case {"text": str() as text}:
            return text
        case {"error": str() as text}:
            raise UsageError(text)
    return None


async def _ask(folder: Path, question: str) -> bytes:
    async with asyncio.timeout(SECONDS):
        with _address(folder) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=_MAX_LINE)
        try:
            writer.write(question.encode() + b"\n")
            return await reader.readline()
        finally:
            writer.close()


def _answer(line: bytes, decide: Decide) -> bytes:
    answer: dict[str, str] = {}
    match json.loads(line):
        case {"action": str() | None as action, "name": str() as name}:
            try:
                answer = {"text": decide(action, name)}
            except ChatError as error:
                answer = {"error": str(error)}
    return json.dumps(answer).encode() + b"\n"


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
