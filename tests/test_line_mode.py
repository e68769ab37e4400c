"""Line mode over a real log and a node that has not begun to look for peers."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.amendments import Deletion, Edit, Reaction
from app.commands import PLAIN
from app.config import LineFormat, Options
from app.entry import KIND_TEXT, UNREADABLE, Entry
from app.errors import LocalEntryError
from app.identity import Identity
from app.line_commands import LineCommands
from app.line_format import (
    PLACEHOLDER,
    Amend,
    Answer,
    Do,
    Say,
    message_json,
    message_line,
    peer_json,
    peer_sentence,
    read_json_line,
    read_text_line,
)
from app.line_input import LineSplitter
from app.line_mode import EXIT_NOT_HELD, LineMode
from app.names import PeerSpec
from app.node import Node
from app.peers import Standing
from app.status import Held, Notice, PeerPhase, PeerStatus
from app.storage.log import Log
from app.timeline import FIRST_KEY, TimelineEntry
from tests.feeds import TestAuthor

IDENTITY = Identity.from_secret(bytes(32))


def entry(text: str, *, name: str = "bob", time: int = 0) -> TimelineEntry:
    return TimelineEntry(bytes(16), bytes(32), 2, bytes(32), name, 1_000_000, False, Entry(time, (), KIND_TEXT, text))


class Reader:
    """The far end of an output, which is not read before somebody asks."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._stream: asyncio.StreamReader | None = None
        self._transport: asyncio.BaseTransport | None = None

    async def line(self) -> str:
        if self._stream is None:
            stream = self._stream = asyncio.StreamReader()
            self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(self._descriptor, "rb")
            )
        return (await self._stream.readline()).decode()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        elif self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


@dataclass
class Chat:
    """A line mode that is running, and the other ends of its three pipes."""

    node: Node
    stop: asyncio.Event
    task: asyncio.Task[int]
    stdin: int
    stdout: Reader
    stderr: Reader

    async def type(self, data: str | bytes) -> None:
        await asyncio.to_thread(os.write, self.stdin, data if isinstance(data, bytes) else data.encode())

    async def end(self) -> int:
        self.close_input()
        return await self.task

    def close_input(self) -> None:
        if self.stdin >= 0:
            os.close(self.stdin)
            self.stdin = -1

    async def lines(self, number: int) -> list[str]:
        """The next lines of stdout."""
        return [await self.stdout.line() for _ in range(number)]

    async def remark(self) -> str:
        return await self.stderr.line()

    def texts(self) -> list[str | None]:
        return [entry.entry.text for entry in self.node.log.after(FIRST_KEY, 10_000)]


@asynccontextmanager
async def chat(folder: Path, options: Options | None = None, *, history: Iterable[str] = ()) -> AsyncIterator[Chat]:
    options = options or Options(me="alice", data_dir=folder)
    ticks = count(1_700_000_000_000_000, 1000)
    log = Log.open(folder / "room", identity=IDENTITY, name="alice", room="main", wall=lambda: next(ticks))
    for saved in [log.append(text) for text in history]:
        saved.result()
    pipes = [os.pipe() for _ in range(3)]
    (stdin_read, stdin), (stdout, stdout_write), (stderr, stderr_write) = pipes
    node = Node(log, IDENTITY, options)
    stop = asyncio.Event()
    line_mode = LineMode(node, options, stdin=stdin_read, stdout=stdout_write, stderr=stderr_write)
    task = asyncio.create_task(line_mode.run(stop))
    await asyncio.sleep(0)  # it begins
    running = Chat(node, stop, task, stdin, Reader(stdout), Reader(stderr))
    try:
        yield running
    finally:
        stop.set()
        await asyncio.wait([task])
        running.close_input()
        running.stdout.close()
        running.stderr.close()
        await asyncio.sleep(0)  # the transports close
        for thread in threading.enumerate():
            if thread.name.startswith("line "):
                await asyncio.to_thread(thread.join)
        for descriptor in (stdin_read, stdout_write, stderr_write):
            os.close(descriptor)
        log.close()


def alice(folder: Path, *peers: str) -> Options:
    return Options(me="alice", data_dir=folder, peers=tuple(map(PeerSpec, peers)), linger=0)


async def test_a_line_is_a_message_and_every_message_is_a_line(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        await running.type("hello\n/quit is no command here\r\n\n  \nlast without end")
        assert await running.end() == 0
        assert await running.lines(3) == [
            "alice> hello\n",
            "alice> /quit is no command here\n",
            "alice> last without end\n",
        ]
        assert running.texts() == ["hello", "/quit is no command here", "last without end"]


async def test_history_comes_first_then_what_is_new_each_once(tmp_path: Path) -> None:
    async with chat(tmp_path, history=map(str, range(450))) as running:
        assert await running.lines(450) == [f"alice> {number}\n" for number in range(450)]
        await running.type("new\n")
        assert await running.lines(1) == ["alice> new\n"]


@pytest.mark.parametrize(("wanted", "first"), [(0, 10), (3, 7), (10, 0), (99, 0)])
async def test_history_is_as_long_as_asked(tmp_path: Path, wanted: int, first: int) -> None:
    options = replace(alice(tmp_path), history=wanted)
    async with chat(tmp_path, options, history=map(str, range(10))) as running:
        await running.type("new\n")
        assert await running.lines(11 - first) == [f"alice> {number}\n" for number in range(first, 10)] + [
            "alice> new\n"
        ]


async def test_lines_that_cannot_be_messages_are_reported_and_the_others_sent(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        await running.type(b"one\n\xff\n" + b"x" * 16_385 + b"\n" + b"y" * 300_000 + b"\nfive\n")
        assert (await running.remark()).startswith("error> line 2 was not sent: it is not UTF-8")
        assert "16,385 bytes" in await running.remark()
        assert (await running.remark()).startswith("error> line 4 was not sent: it is too long")
        assert await running.end() == 1
        assert running.texts() == ["one", "five"]


async def test_each_line_that_was_not_saved_is_reported(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        running.node.log._writer.close()
        await running.type("one\n\ntwo\n")
        for number in (1, 3):
            assert (await running.remark()).startswith(f"error> line {number} was not sent: the database is closed")


async def test_input_is_saved_although_nobody_reads_the_output(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        text = "x" * 10_000
        await running.type(f"{text}\n" * 50)
        running.close_input()
        saved = 0
        async for batch in running.node.log.follow({}):
            saved += len(batch)
            if saved == 50:
                break
        assert not running.task.done()  # it still waits for its reader
        assert await running.lines(50) == [f"alice> {text}\n"] * 50
        assert await running.task == 0


async def test_input_is_saved_after_the_reader_of_the_output_is_gone(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        await running.type("one\n")
        await running.lines(1)
        running.stdout.close()
        await asyncio.sleep(0)
        await running.type("two\n")
        await running.type("three\n")
        assert await running.end() == 0
        assert running.texts() == ["one", "two", "three"]


async def test_a_signal_ends_it_although_nobody_reads_the_output(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        await running.type(f"{'x' * 10_000}\n" * 50)
        running.stop.set()
        assert await running.task == 0


async def test_the_end_says_who_holds_it_and_require_held_makes_it_a_status(tmp_path: Path) -> None:
    async with chat(tmp_path, alice(tmp_path, "bob", "carol")) as running:
        await running.type("hello\n")
        assert await running.end() == 0
        assert await running.remark() == "info> saved here; not yet held by bob, carol, until we next meet\n"
    async with chat(tmp_path, replace(alice(tmp_path, "bob"), require_held=True)) as running:
        assert await running.end() == EXIT_NOT_HELD


async def test_with_no_peer_named_the_end_of_input_is_the_end(tmp_path: Path) -> None:
    async with chat(tmp_path, replace(alice(tmp_path), linger=float("inf"))) as running:
        assert await running.end() == 0


async def test_lines_of_json_keep_the_exact_text(tmp_path: Path) -> None:
    text = "tabs\tand\nlines \x1b[31m \x7f \u202e é 👩"
    async with chat(tmp_path, replace(alice(tmp_path), output=LineFormat.JSON, input=LineFormat.JSON)) as running:
        await running.type(json.dumps({"text": text, "later": 1}) + "\n")
        [line] = await running.lines(1)
        assert line.isascii()
        assert line.removesuffix("\n").isprintable()
        assert json.loads(line) == {
            "type": "message",
            "feed": running.node.log.own_feed.hex(),
            "seq": 2,
            "author": "alice",
            "key": IDENTITY.public.hex(),
            "pinned": True,
            "time": json.loads(line)["time"],
            "text": text,
        }
        assert json.loads(line)["time"].startswith("2023-11-14T22:13:20.")


async def test_events_are_lines_of_json_and_notices_remarks(tmp_path: Path) -> None:
    async with chat(tmp_path, replace(alice(tmp_path), output=LineFormat.JSON), history=["x"]) as running:
        await running.lines(1)
        running.node._tell(PeerStatus("bob", PeerPhase.CONNECTED, "direct"))
        assert await running.lines(1) == ['{"type":"peer","name":"bob","state":"connected","detail":"direct"}\n']
        running.node._tell(Held(7, ("bob", "carol")))
        assert await running.lines(1) == ['{"type":"held","seq":7,"by":["bob","carol"]}\n']
        running.node._tell(Notice("the port\x1b is taken"))
        running.node._tell(Notice("another alice", urgent=True))
        assert await running.remark() == "info> the port\ufffd is taken\n"
        assert await running.remark() == "error> another alice\n"


async def test_a_refusal_that_was_a_notice_is_not_told_again_as_a_state(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        running.node._tell(Notice("no connection to bob: it shows another key", urgent=True))
        running.node._tell(PeerStatus("bob", PeerPhase.REFUSED, "it shows another key"))
        running.node._tell(PeerStatus("carol", PeerPhase.REFUSED, "you refused it"))
        assert await running.remark() == "error> no connection to bob: it shows another key\n"
        assert await running.remark() == "info> no connection to carol: you refused it\n"


def test_another_device_of_mine_is_called_so() -> None:
    status = PeerStatus("alice", PeerPhase.CONNECTED, "direct connection", own=True)
    assert peer_sentence(status) == "direct connection to alice (my other device)"
    assert json.loads(peer_json(status))["name"] == "alice"
    assert json.loads(peer_json(status))["detail"] == "my other device: direct connection"


async def test_a_peer_is_announced_when_its_state_changes(tmp_path: Path) -> None:
    async with chat(tmp_path) as running:
        for phase in (PeerPhase.CONNECTING, PeerPhase.CONNECTED, PeerPhase.CONNECTED, PeerPhase.LOST):
            running.node._tell(PeerStatus("bob", phase, missing=3))
        assert await running.remark() == "info> direct connection to bob\n"
        assert await running.remark() == "info> connection to bob lost\n"


def test_each_command_that_needs_no_screen_is_there() -> None:
    for command in PLAIN:
        assert hasattr(LineCommands, f"command_{command.name}")


async def test_commands_come_as_json(tmp_path: Path) -> None:
    options = replace(alice(tmp_path, "bob"), input=LineFormat.JSON)
    async with chat(tmp_path, options) as running:
        await running.type('{"command": "/peers"}\n{"command": "/dance"}\nnonsense\n{"text": ""}\n')
        remarks = [await running.remark() for _ in range(4)]
        assert any("line 2 was not carried out: there is no command '/dance'" in remark for remark in remarks)
        assert any("line 3 was not sent: it is not JSON of the form" in remark for remark in remarks)
        assert any("line 4 was not sent: an empty message" in remark for remark in remarks)
        await running.type('{"command": "/quit"}\n{"text": "never"}\n')
        assert await running.task == 1
        assert running.texts() == []


async def test_the_way_to_a_peer_is_told_in_remarks(tmp_path: Path) -> None:
    options = replace(alice(tmp_path, "bob"), input=LineFormat.JSON)
    async with chat(tmp_path, options) as running:
        await running.type('{"command": "/why bob"}\n{"command": "/why mallory"}\n')
        remarks = [await running.remark() for _ in range(8)]
        assert remarks[0] == "info> bob\n"
        assert remarks[1].startswith("info>   ✕ discovered: ")
        assert remarks[6] == "info>   · level\n"
        assert "line 2 was not carried out: nobody called mallory" in remarks[7]


async def test_people_are_decided_about_by_commands(tmp_path: Path) -> None:
    options = replace(alice(tmp_path, "bob"), input=LineFormat.JSON)
    async with chat(tmp_path, options) as running:
        running.node.door.judge(bytes(32), "carol")
        await running.type('{"command": "/accept carol"}\n{"command": "/accept dave"}\n')
        remarks = [await running.remark() for _ in range(3)]
        assert any(remark.startswith("info> carol is known by the key") for remark in remarks)
        assert any(remark.startswith("info> carol is let in, by the key") for remark in remarks)
        assert any("line 2 was not carried out: nobody called dave asks" in remark for remark in remarks)
        assert await running.end() == 1
        assert running.node.door.records[bytes(32)].standing is Standing.ACCEPTED


async def test_authors_are_told_apart_and_those_who_are_refused_are_not_shown(tmp_path: Path) -> None:
    bob, other, carol = TestAuthor("bob"), TestAuthor("Bob"), TestAuthor("carol")
    options = replace(alice(tmp_path), open=True)
    async with chat(tmp_path, options) as running:
        running.node.door.judge(bob.identity.public, "bob")
        running.node.door.judge(carol.identity.public, "carol")
        running.node.command("/refuse carol")
        for author in (carol, other, bob):
            author.entries(["hello"])
            await asyncio.wrap_future(running.node.log.ingest([author.run()]))
        assert await running.lines(2) == [f"Bob~{other.identity.fingerprint[:6]}> hello\n", "bob> hello\n"]
    async with chat(tmp_path, replace(options, output=LineFormat.JSON)) as running:
        lines = [json.loads(line) for line in await running.lines(2)]
        assert {(line["author"], line["key"], line["pinned"]) for line in lines} == {
            ("bob", bob.identity.public.hex(), True),
            ("Bob", other.identity.public.hex(), False),
        }


async def test_what_is_said_about_a_message_is_said_as_it_is_written(tmp_path: Path) -> None:
    both = replace(alice(tmp_path), output=LineFormat.JSON, input=LineFormat.JSON)
    async with chat(tmp_path, both, history=["helo"]) as running:
        message = json.loads((await running.lines(1))[0])
        where = {"feed": message["feed"], "seq": message["seq"]}
        said: list[dict[str, object]] = [
            {"type": "edit", "text": "hello", **where},
            {"type": "reaction", "symbol": "👍", "given": True, **where},
            {"type": "reaction", "symbol": "👍", "given": False, **where},
            {"text": "hi", "answers": where},
            {"type": "deletion", **where},
        ]
        for each in said:
            await running.type(json.dumps(each) + "\n")
            [line] = await running.lines(1)
            assert each.items() <= json.loads(line).items()
        for wrong in ({"seq": 99}, {"seq": -1}, {"seq": 1 << 64}, {"feed": "00" * 16}, {"feed": "xyz"}):
            await running.type(json.dumps({"type": "deletion", **where, **wrong}) + "\n")
            assert "was not sent" in await running.remark()
        assert await running.end() == 1


async def test_what_was_not_shown_comes_when_its_author_is_refused_no_more(tmp_path: Path) -> None:
    bob = TestAuthor("bob")
    bob.entries(["one", "two"])
    async with chat(tmp_path) as running:
        await asyncio.wrap_future(running.node.log.ingest([bob.run()]))
        await running.lines(2)
        running.node.command("/refuse bob")
    async with chat(tmp_path, replace(alice(tmp_path), output=LineFormat.JSON)) as running:
        await running.type("mine\n")
        [line] = await running.lines(1)
        assert json.loads(line)["text"] == "mine"
        running.node.command("/accept bob")
        assert [json.loads(line)["text"] for line in await running.lines(2)] == ["one", "two"]
        await running.type("mine too\n")
        [line] = await running.lines(1)
        assert json.loads(line)["text"] == "mine too"


def test_a_line_is_harmless_and_one_line() -> None:
    assert message_line(entry("a\\n\nb\x1b[2J\u202e"), "bob\x07") == "bob\ufffd> a\\\\n\\nb\ufffd[2J\n"


def test_what_somebody_does_is_a_line_that_no_name_can_begin() -> None:
    assert message_line(entry("/me waves\nand \x1b smiles"), "bob?") == "* bob? waves\\nand \ufffd smiles\n"
    assert message_line(entry("/me"), "bob") == "bob> /me\n"
    assert json.loads(message_json(entry("/me waves"), pinned=True))["text"] == "/me waves"


def test_what_cannot_be_read_is_a_placeholder() -> None:
    unreadable = replace(entry(""), entry=UNREADABLE)
    assert message_line(unreadable, "bob") == f"bob> {PLACEHOLDER}\n"
    fields = json.loads(message_json(unreadable, pinned=False))
    assert (fields["type"], fields["time"]) == ("unreadable", "1970-01-01T00:00:01.000000Z")
    assert "text" not in fields


def test_a_time_after_the_year_9999_is_given_as_the_arrival() -> None:
    assert json.loads(message_json(entry("x", time=2**63 - 1), pinned=True))["time"] == "1970-01-01T00:00:01.000000Z"


@given(st.binary(max_size=60) | st.text(max_size=30).map(str.encode))
def test_any_input_line_is_read_or_is_one_error(line: bytes) -> None:
    for read in (read_text_line, read_json_line):
        try:
            assert isinstance(read(line), Say | Answer | Amend | Do | None)
        except LocalEntryError as error:
            sentence = str(error)
            assert sentence.startswith("it is no")


@given(st.binary(max_size=80), st.lists(st.integers(0, 80)), st.integers(0, 12))
def test_lines_do_not_depend_on_how_the_bytes_come(data: bytes, cuts: list[int], limit: int) -> None:
    splitter = LineSplitter(limit)
    bounds = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    lines = [line for low, high in pairwise(bounds) for line in splitter.split(data[low:high])]
    lines += splitter.finish()
    parts = data.split(b"\n")
    whole = [part.removesuffix(b"\r") for part in (parts if parts[-1] else parts[:-1])]
    assert lines == [None if len(line) > limit else line for line in whole]


async def test_what_is_said_about_a_message_is_a_remark_and_not_a_message(tmp_path: Path) -> None:
    async with chat(tmp_path, history=["helo"]) as running:
        assert await running.stdout.line() == "alice> helo\n"
        log = running.node.log
        target = log.reference(log.own_feed, 2)
        assert target is not None
        log.amend(Edit(target, "hello\x1b[2J"))
        assert await running.stderr.line() == "info> alice changed “helo” to: hello�[2J\n"
        log.amend(Reaction(target, "👍", True))
        assert await running.stderr.line() == "info> alice reacts with 👍 to “helo”\n"
        log.amend(Deletion(target))
        assert await running.stderr.line() == "info> alice deleted “helo”\n"
    async with chat(tmp_path) as again:
        assert await again.stdout.line() == "alice> [deleted by its author]\n"


async def test_lines_of_json_say_what_is_said_about_a_message(tmp_path: Path) -> None:
    options = Options(me="alice", data_dir=tmp_path, output=LineFormat.JSON)
    async with chat(tmp_path, options, history=["helo"]) as running:
        first = json.loads(await running.stdout.line())
        log = running.node.log
        target = log.reference(log.own_feed, 2)
        assert target is not None
        log.amend(Edit(target, "hello"))
        mine = {"feed": first["feed"], "seq": 2, "author": "alice", "key": first["key"]}
        assert json.loads(await running.stdout.line()) == {"type": "edit", "text": "hello", **mine}
        log.amend(Reaction(target, "👍", True))
        reaction = json.loads(await running.stdout.line())
        assert reaction == {"type": "reaction", "symbol": "👍", "given": True, **mine}
        log.reply("hi", target)
        reply = json.loads(await running.stdout.line())
        assert (reply["text"], reply["answers"]) == ("hi", {"feed": first["feed"], "seq": 2})
    async with chat(tmp_path, options) as again:
        now = json.loads(await again.stdout.line())
        assert (now["text"], now["reactions"]) == ("hello", {"👍": [first["key"]]})
        assert now["edited"] > now["time"]
