"""The chat as lines: what comes in on stdin is sent, every message goes to stdout, all else to stderr.

- Input is appended whether or not stdout is being read, or still there.
- At the end of input it waits for delivery (--linger); a signal ends the waiting.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from typing import Any

from app import view_state
from app.config import LineFormat, Options, room_folder, room_view_path, user_folder
from app.entry import MAX_TEXT_BYTES, Reference, check_text
from app.errors import ChatError, LocalEntryError
from app.line_commands import LineCommands
from app.line_format import (
    MAX_JSON_LINE_BYTES,
    MAX_LINE_BYTES,
    Amend,
    Answer,
    Do,
    Say,
    held_json,
    notice_line,
    peer_json,
    peer_sentence,
    read_json_line,
    read_text_line,
    read_typed_line,
)
from app.line_input import start_reading
from app.line_node import LineLog, LineNode
from app.line_output import LineOutput
from app.line_printing import LinePrinter
from app.muting import Muting
from app.names import name_key
from app.status import Held, NodeEvent, Notice, PeerStatus
from app.text import one_line
from app.timeline import TimelineEntry
from app.view_state import RoomView, load_room_view

MAX_IN_FLIGHT = 2  # reads whose messages are not durable yet: one is written while the next is taken apart
MAX_PENDING_STATES = 1000  # of peers, for a reader of JSON who has stopped reading: the newest of each, then no more
LAST_WORDS = 1.0  # seconds to write what is waiting for stderr, and for stdout after a signal
COMMAND_PATIENCE = 10.0  # seconds, in which a message is saved and a million are looked through
MUTED = "what they write is saved and not printed"
EXIT_FAILED_LINES = 1
EXIT_NOT_HELD = 4

_NO_SEQ = 1 << 64  # greater than all


class LineMode:
    def __init__(self, node: LineNode, options: Options, *, stdin: int = 0, stdout: int = 1, stderr: int = 2) -> None:
        self._node = node
        self._options = options
        self._stdin = stdin
        self._output = LineOutput(stdout)
        self._remarks = LineOutput(stderr)
        self._loop = asyncio.get_running_loop()
        self._input_ended = asyncio.Event()
        self._happened = asyncio.Event()  # something that delivery may depend on
        self._in_flight = threading.BoundedSemaphore(MAX_IN_FLIGHT)
        self._failed = False
        self._line_number = 0
        self._read: list[tuple[int, str]] = []  # messages of this read, by the numbers of their lines
        self._said_quit = False
        self._states: dict[str, PeerStatus] = {}
        self._typed = options.input is LineFormat.TEXT and os.isatty(stdin)  # by a person, who may give commands
        self._view_file = room_view_path(room_folder(user_folder(options.data_dir, options.me), options.room))
        self._view = load_room_view(self._view_file) if self._typed else RoomView()  # a program gets all messages
        self._commands = LineCommands(
            node,
            inform=self._inform,
            tell_peer=self._answer_peer,
            leave=self._input_ended.set,
            muting=Muting(node.log.author, node.people, self._view, MUTED) if self._typed else None,
            muted=self._keep_view,
        )
        self._tasks: asyncio.TaskGroup | None = None
        self._noticed = ""  # the last notice: a peer's state that says the same is not told again
        self._pending_events: dict[str, str] = {}  # lines of JSON, by what they are about
        self._events_pending = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> int:
        """Until the end of input and delivery, or `stop`. The exit status."""
        unsubscribe = self._node.subscribe(self._on_event)
        json_input = self._options.input is LineFormat.JSON
        limit = MAX_JSON_LINE_BYTES if json_input else MAX_LINE_BYTES
        # Before the input adds messages.
        printer = LinePrinter(self._node, self._options, self._output, self._inform, self._view.muted)
        start_reading(self._stdin, limit, self._on_lines, self._on_input_end)
        try:
            async with asyncio.TaskGroup() as tasks:
                self._tasks = tasks
                printing = tasks.create_task(printer.run())
                telling = tasks.create_task(self._print_events())
                await _first(self._input_ended.wait(), stop.wait())
                await self._linger(stop)
                if not printer.end() and not printing.done():
                    await _first(_over(printing), stop.wait())
                    await asyncio.wait([printing], timeout=LAST_WORDS)  # after `stop` only what is read at once
                self._tasks = None
                printing.cancel()
                telling.cancel()
            return self._conclude()
        finally:
            unsubscribe()
            self._output.close(timeout=0)
            self._remarks.close(LAST_WORDS)

    # input, in its own thread

    def _on_lines(self, lines: Iterable[bytes | None]) -> None:
        for line in lines:
            self._on_line(line)
        self._append_read()

    def _on_line(self, line: bytes | None) -> None:
        if self._said_quit:
            return
        self._line_number += 1
        try:
            if line is None:
                raise LocalEntryError(
                    f"it is too long, a message has at most {MAX_TEXT_BYTES:,} bytes: send it in parts"
                )
            match self._read_line(line):
                case Say(text):
                    self._read.append((self._line_number, check_text(text)))
                case Answer(feed, seq, text):
                    self._append_read()
                    self._save(lambda log: log.reply(text, _named(log, feed, seq)))
                case Amend(feed, seq, how):
                    self._append_read()
                    self._save(lambda log: log.amend(how(_named(log, feed, seq))))
                case Do(command):
                    self._append_read()
                    self._said_quit = self._said_quit or command.strip() == "/quit"
                    self._wait_for(command)
        except ChatError as error:
            self._fail(self._line_number, error)

    def _read_line(self, line: bytes) -> Say | Answer | Amend | Do | None:
        if self._options.input is LineFormat.JSON:
            return read_json_line(line)
        return read_typed_line(line) if self._typed else read_text_line(line)

    def _wait_for(self, command: str) -> None:
        """Have a command carried out when all before it is saved, and before what follows is read."""
        for _ in range(MAX_IN_FLIGHT):
            self._in_flight.acquire()
        for _ in range(MAX_IN_FLIGHT):
            self._in_flight.release()
        done = threading.Event()
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._begin, command, self._line_number, done.set)
            done.wait(COMMAND_PATIENCE)

    def _save(self, save: Callable[[LineLog], Future[TimelineEntry]]) -> None:
        self._in_flight.acquire()
        try:
            saved = save(self._node.log)
        except ChatError:
            self._in_flight.release()
            raise
        saved.add_done_callback(partial(self._on_saved, (self._line_number,)))

    def _append_read(self) -> None:
        """Send what was read, all at once: a future for each costs more than all else that is done about it."""
        read, self._read = self._read, []
        if not read:
            return
        numbers, texts = zip(*read, strict=True)
        self._in_flight.acquire()
        try:
            saved = self._node.send_all(texts)
        except ChatError as error:
            self._in_flight.release()
            self._fail_all(numbers, error)
        else:
            saved.add_done_callback(partial(self._on_saved, numbers))

    def _on_saved(self, numbers: Sequence[int], saved: Future[None] | Future[TimelineEntry]) -> None:
        error = saved.exception()
        if error is not None:
            self._fail_all(numbers, error)
        self._in_flight.release()

    def _on_input_end(self) -> None:
        for _ in range(MAX_IN_FLIGHT):  # until all is saved
            self._in_flight.acquire()
        with contextlib.suppress(RuntimeError):  # the loop has ended already
            self._loop.call_soon_threadsafe(self._input_ended.set)

    def _fail_all(self, line_numbers: Sequence[int], error: BaseException) -> None:
        for number in line_numbers:
            self._fail(number, error)

    def _fail(self, line_number: int, error: BaseException) -> None:
        self._failed = True
        self._remarks.offer(f"error> line {line_number} was not sent: {one_line(str(error))}")

    # commands and events, in the loop

    def _begin(self, command: str, line_number: int, done: Callable[[], None]) -> None:
        if self._tasks is None:
            done()
        else:
            self._tasks.create_task(self._do(command.strip(), line_number)).add_done_callback(lambda _: done())

    async def _do(self, command: str, line_number: int) -> None:
        try:
            await self._commands.carry_out(command)
        except ChatError as error:
            if self._typed:
                self._remarks.offer(f"error> {one_line(str(error))}")
            else:
                self._failed = True
                self._remarks.offer(f"error> line {line_number} was not carried out: {one_line(str(error))}")

    def _keep_view(self) -> None:
        view_state.save(self._view_file, self._view.encode())

    def _answer_peer(self, status: PeerStatus) -> None:
        """For who asks: also where there is nothing to tell by itself."""
        if self._options.output is LineFormat.TEXT and not peer_sentence(status):
            self._inform(f"no connection to {status.label} yet: /why {status.name} says how far it has come")
        else:
            self._tell_peer(status)

    def _on_event(self, event: NodeEvent) -> None:
        self._happened.set()
        match event:
            case PeerStatus():
                before = self._states.get(event.name)
                if before is None or (before.phase, before.detail) != (event.phase, event.detail):
                    self._states[event.name] = event
                    self._tell_peer(event, noticed=self._noticed)
            case Held():
                self._queue_event("held", held_json(event))
            case Notice():
                self._noticed = event.text
                self._remarks.offer(notice_line(event))

    def _tell_peer(self, status: PeerStatus, *, noticed: str = "") -> None:
        if self._options.output is LineFormat.JSON:
            self._queue_event(f"peer {status.name}", peer_json(status))
        elif (sentence := peer_sentence(status)) and not noticed.startswith(sentence):
            self._inform(sentence)

    def _inform(self, text: str) -> None:
        self._remarks.offer(f"info> {one_line(text)}")

    def _queue_event(self, about: str, line: str) -> None:
        if self._options.output is LineFormat.JSON and len(self._pending_events) < MAX_PENDING_STATES:
            self._pending_events.pop(about, None)
            self._pending_events[about] = line
            self._events_pending.set()

    async def _print_events(self) -> None:
        while True:
            await self._events_pending.wait()
            self._events_pending.clear()
            lines, self._pending_events = self._pending_events, {}
            await self._output.write("".join(lines.values()))

    # delivery

    async def _linger(self, stop: asyncio.Event) -> None:
        """Until every named peer holds all of mine, and I all that they offered."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(None if self._options.waits_for_ever else self._options.linger):
                while not self._delivered() and not stop.is_set():
                    self._happened.clear()
                    await _first(self._happened.wait(), stop.wait())

    def _delivered(self) -> bool:
        settled = {name_key(name) for name in self._node.settled()}
        return all(name_key(peer.name) in settled for peer in self._options.peers)

    def _lacking(self) -> list[str]:
        """The named peers who are not known to hold all of mine."""
        holders = {name_key(name) for name in self._node.holders()}
        return [peer.name for peer in self._options.peers if name_key(peer.name) not in holders]

    def _conclude(self) -> int:
        lacking = self._lacking()
        holding = [peer.name for peer in self._options.peers if peer.name not in lacking]
        if holding:
            self._inform(f"all my messages are held by {', '.join(holding)}")
        if lacking:
            self._inform(f"saved here; not yet held by {', '.join(lacking)}, until we next meet")
        error = self._output.error
        if error is not None and not isinstance(error, BrokenPipeError):
            self._remarks.offer(f"error> the output cannot be written: {os.strerror(error.errno or 0)}")
            return EXIT_FAILED_LINES
        if self._failed:
            return EXIT_FAILED_LINES
        return EXIT_NOT_HELD if lacking and self._options.require_held else 0


def _named(log: LineLog, feed: bytes, seq: int) -> Reference:
    named = log.reference(feed, seq) if 0 < seq < _NO_SEQ else None
    if named is None:
        raise LocalEntryError("there is no such message here: feed and seq are those of a message in the output")
    return named


async def _over(task: asyncio.Task[None]) -> None:
    await asyncio.wait([task])


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Until one of `waits` is over; the others are cancelled."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
