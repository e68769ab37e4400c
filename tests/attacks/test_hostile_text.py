"""Text made to act on a terminal, by every way in which a peer can bring it; judged by the bytes that come out.

Each case ends in a word of its own. What must not come out is that word directly after what is before it here.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import AsyncExitStack
from datetime import UTC
from pathlib import Path

import cbor2
import pytest

from app import log_file
from app.errors import ProtocolError
from app.links import MAX_LINKS
from app.markdown import MAX_MARKED, MAX_NODES
from app.mentions import MAX_MENTIONS, Mentions
from app.replication import frames
from app.replication.frames import ByeReason
from app.replication.handshake import Role
from app.status import Notice, PeerPhase, PeerStatus
from app.text import harmless, one_line
from app.widgets.looks import Lookout
from app.widgets.rows import Columns, EntryRows
from tests.end_to_end.terminal import READY, Household
from tests.replication.mesh_node import poll, unique
from tests.replication.test_discovery import Ear, raw_service
from tests.replication.tls_end import End, dial
from tests.widgets.timelines import message

CASES = {
    "escape": "\x1b[31;5m",
    "clear": "\x1b[2J\x1b[1;1H",
    "clipboard": "\x1b]52;c;ZXZpbA==\x07",
    "link": "\x1b]8;;http://evil.example/\x1b\\",
    "title": "\x1b]0;evil\x07",
    "answerback": "\x1b[c\x05",
    "device status": "\x1b[6n",
    "reset": "\x1bc",
    "status string": "\x1bP$q q\x1b\\",
    "application command": "\x1b_evil\x1b\\",
    "shift out": "\x0e",
    "backspace": "\x08\x08\x08\x08",
    "carriage return": "evil\r",
    "nul": "\x00",
    "bell": "\x07",
    "delete": "\x7f",
    "C1 CSI": "\x9b31m",
    "C1 OSC": "\x9d52;c;ZXZpbA==\x9c",
    "C1 DCS": "\x90",
    "C1 next line": "\x85",
    "override": "\u202e",
    "embedding": "\u202b",
    "isolate": "\u2067",
    "mark": "\u200f",
    "Arabic mark": "\u061c",
    "zero width": "\u200b",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "tag": "\U000e0041",
    "line separator": "\u2028",
    "annotation": "\ufff9",
}
MARKUP = {
    "Textual": "[red]",
    "Textual action": "[@click=app.quit]",
    "Rich": "[bold blink]",
    "Rich link": "[link=http://evil.example]",
    "close": "[/]",
    "emoji": ":skull:",
}


def word(name: str) -> str:
    return "W" + re.sub(r"\W", "", name) + "W"


def texts() -> list[str]:
    return [f"{case}{word(name)}" for name, case in {**CASES, **MARKUP}.items()]


def assert_harmless(data: bytes | bytearray) -> None:
    for name, case in CASES.items():
        assert f"{case}{word(name)}".encode() not in data, name
    for parameters, target in re.findall(rb"\x1b\]8;([^;]*);(.*?)(?:\x1b|\x07|\xc2)", data, re.DOTALL):
        assert re.fullmatch(rb"(id=\d+)?", parameters)  # ours, of the address that is shown
        assert re.fullmatch(rb"(https?://[!-~]+)?", target)
    for control in (b"\x1b]52;", b"\xc2\x9b", b"\xc2\x9d", b"\xe2\x80\xae", b"\xe2\x81\xa7"):
        assert control not in data, control


@pytest.fixture
def household(tmp_path: Path) -> Iterator[Household]:
    people = Household(tmp_path)
    yield people
    people.close()


def test_messages_act_on_no_terminal_no_pipe_and_are_in_no_log(household: Household, tmp_path: Path) -> None:
    alice, mallory, log = household.name("alice"), household.name("mallory"), tmp_path / "alice.log"
    terminal = household.terminal(alice, mallory, "--debug", "--log-file", str(log), rows=60)
    terminal.wait_for(READY)
    sender = household.lines(mallory, alice, "--json-input")
    for text in texts():
        sender.type(json.dumps({"text": text}))
    last = word(list(MARKUP)[-1])
    shown = terminal.wait_for(last)
    assert sender.end() == 0
    for name, case in MARKUP.items():
        assert f"{case}{word(name)}" in shown
    assert "\ufffd]52;c;ZXZpbA==" in shown
    terminal.send("\x11")
    assert terminal.wait_for_end() == 0
    assert_harmless(terminal.raw)

    for output in ("--plain", "--json"):
        reader = household.lines(alice, output, "--log-file", str(log), "--debug", "--linger", "0")
        assert reader.end() == 0
        data = "\n".join([*reader.seen, *reader.remarks]).encode()
        assert_harmless(data)
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", data)
        if output == "--json":
            data.decode("ascii")
            said = [json.loads(line) for line in reader.seen]
            assert [item["text"] for item in said if item["type"] == "message"] == texts()
        else:
            assert len(reader.seen) == len(texts())
    logged = log.read_bytes()
    assert logged
    for name in (*CASES, *MARKUP):
        assert word(name).encode() not in logged, "message text in the log"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def is_listened_at(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("output", ["screen", "--plain", "--json"])
def test_what_a_goodbye_says_acts_on_no_terminal_no_pipe_and_no_log(
    household: Household, tmp_path: Path, output: str
) -> None:
    alice, port, log = household.name("alice"), free_port(), tmp_path / "alice.log"
    text = "".join(texts())[:240]
    options = ["--port", str(port), "--linger", "0", "--log-file", str(log), "--debug"]
    screen = household.terminal(alice, "bobb", *options, rows=60) if output == "screen" else None
    lines = None if screen else household.lines(alice, "bobb", output, *options)
    if screen is not None:
        screen.wait_for(READY)

    async def visit() -> None:
        bob = End("bobb", Role.CLIENT)
        await poll(lambda: is_listened_at(port))
        await dial(bob, ("127.0.0.1", port))
        await bob.until(lambda: bool(bob.events))
        bob.session.goodbye(ByeReason.REFUSED, text)
        bob.connection.flush()
        await bob.connection.wait_closed()

    asyncio.run(visit())
    if screen is not None:
        screen.wait_for(lambda shown: "refused" in shown or "]52" in shown)
        screen.send("\x11")
        assert screen.wait_for_end() == 0
        data = bytes(screen.raw)
    elif lines is not None:
        lines.wait_for_json(lambda item: "52;c" in str(item)) if output == "--json" else lines.wait_for_remark("52;c")
        assert lines.end() == 0
        data = "\n".join([*lines.seen, *lines.remarks]).encode()
        assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", data)
    assert_harmless(data)
    logged = log.read_bytes()
    assert b"52;c" in logged
    assert_harmless(logged)
    assert b"\x1b" not in logged


@pytest.mark.parametrize("name", [*(f"bob{case}" for case in CASES.values()), "[red]", "a b", "", "x" * 64])
def test_a_hostile_name_or_room_is_no_hello(name: str) -> None:
    for fields in ((name, "main"), ("bob", name)):
        body = cbor2.dumps([0, [1], "tls", bytes(32), bytes(16), bytes(8), *fields, bytes(32)])
        with pytest.raises(ProtocolError):
            frames.decode(body)


async def test_what_a_stranger_announces_comes_out_harmless() -> None:
    bob = Ear(unique("bob"))
    alice = Ear(unique("alice"), {bob.name})
    hostile = "".join(texts())[:200]
    announced: list[dict[str, str | bytes]] = [
        {"name": alice.name, "room": "main", "fp": hostile},
        {"name": hostile, "room": "main", "fp": "0" * 32},
        {"name": bob.name, "room": hostile, "fp": "0" * 32},
        {"name": b"\xff\x9b", "room": b"\x1b[2J", "fp": b"\x00"},
    ]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(alice.announcing(1111))
        for properties in announced:
            await stack.enter_async_context(raw_service(unique("odd"), properties))
        await stack.enter_async_context(bob.announcing(2222))
        await alice.until(lambda: 2222 in alice.ports() and bool(alice.notices))
    assert all(notice == one_line(notice) for notice in alice.notices)
    assert all(candidate.name == bob.name for candidate in alice.candidates.values())
    assert_harmless("\n".join(alice.notices).encode())


@pytest.mark.usefixtures("logging_as_before")
@pytest.mark.parametrize("text", texts())
def test_the_log_file_is_harmless_whatever_is_written_into_it(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log"
    log_file.start(path, logging.DEBUG)
    log_file.note(Notice(text))
    log_file.note(PeerStatus(text, PeerPhase.LOST, text))
    logging.getLogger("app.x").warning("%s", text)
    logging.getLogger("elsewhere").error("%r %s", text, text)
    assert_harmless(path.read_bytes())
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]", path.read_bytes())


def test_nobody_writes_a_line_of_their_own_into_the_log(tmp_path: Path) -> None:
    path = tmp_path / "log"
    forged = "2026-01-01 00:00:00,000 INFO app bob was let in"
    log_file.start(path, logging.DEBUG)
    log_file.note(Notice(f"bob\n{forged}\r\n{forged}\u2028{forged}"))
    try:
        raise ValueError(f"it says\n{forged}")
    except ValueError as error:
        log_file.crashed(error)
    assert not any(line.startswith(forged) for line in path.read_text().splitlines())
    assert path.read_text().count(forged) == 4


@pytest.mark.parametrize("text", ["👩‍👩‍👧", "नमस्ते", "می‌خواهم", "שלום", "éà", "❤️", "🏳️‍🌈", "ကြောင်"])
def test_what_scripts_and_emoji_need_survives(text: str) -> None:
    assert harmless(text, newlines=True) == text


ENTRY = 64 * 1024  # characters in the largest that somebody can send


@pytest.mark.parametrize(
    "text",
    [
        "_a_ " * (ENTRY // 4),
        "_a_ " * (MAX_MARKED // 4),
        ("*a **b " * 2000 + "c** d* " * 2000)[:MAX_MARKED],
        "> _a_\n" * (MAX_MARKED // 6),
        "- a\n" * (MAX_MARKED // 4),
        "".join("`" * count + " " for count in range(1, 180)),
        "```c\n" + "1 " * (MAX_MARKED // 2 - 5) + "\n```",
        "```a\n" * (MAX_MARKED // 5),
        "```py\n" + '"\\"' * (MAX_MARKED // 4) + "\n```",
        "https://a.example/" + "(" * 30_000,
        "http://a.example " * (ENTRY // 17),
        "alice " * (ENTRY // 6),
        "\u00e9" * ENTRY,
    ],
)
def test_what_a_message_is_marked_with_is_bounded(text: str) -> None:
    rows = EntryRows(message(1, text), Columns(80, UTC), lookout=Lookout(Mentions("alice"), ("a", "e")), opened=True)
    spans = [span for index in range(len(rows)) for span in rows.row(index).spans]
    assert sum(bool(span.look) for span in spans) <= 5 * (MAX_NODES + MAX_MENTIONS + MAX_LINKS) + 2 * len(rows)
    assert len({span.target for span in spans}) <= MAX_LINKS + 1
