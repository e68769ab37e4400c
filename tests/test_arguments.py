from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.arguments import help_text, parse
from app.command import (
    ChangePassphrase,
    Chat,
    Check,
    Export,
    ExportFormat,
    ExportIdentity,
    Import,
    ImportIdentity,
    Peers,
    Repair,
    ShowHelp,
    ShowIdentity,
    ShowVersion,
)
from app.config import Face, LineFormat, Options
from app.errors import UsageError
from app.names import PeerSpec

ENVIRONMENT = {"CHAT_TUI_DATA_DIR": "/data"}


def options(*words: str) -> Options:
    command = parse(words, ENVIRONMENT)
    assert isinstance(command, Chat)
    return command.options


def test_me_and_peers() -> None:
    assert options("alice", "bob", "carol@192.0.2.7:99") == Options(
        me="alice", data_dir=Path("/data"), peers=(PeerSpec("bob"), PeerSpec("carol", None, "192.0.2.7", 99))
    )


def test_options_stand_anywhere_and_take_their_value_either_way() -> None:
    for words in (["--room", "lab", "alice", "bob"], ["alice", "--room=lab", "bob"], ["alice", "bob", "--room", "lab"]):
        assert options(*words).room == "lab"


def test_chat_is_the_default_and_frees_the_reserved_words() -> None:
    assert options("chat", "alice", "bob") == options("alice", "bob")
    chat = options("chat", "check", "identity")
    assert (chat.me, chat.peers) == ("check", (PeerSpec("identity"),))
    assert options("alice", "check").peers == (PeerSpec("check"),)


def test_every_option_arrives() -> None:
    words = (
        "alice bob --room lab --data-dir /d --interface 127.0.0.1 --interface ::1 --port 0 --plain --json --json-input"
    )
    more = "--history 20 --linger inf --require-held --open --admit --log-file /l --debug"
    assert options(*words.split(), *more.split()) == Options(
        me="alice",
        data_dir=Path("/d"),
        peers=(PeerSpec("bob"),),
        room="lab",
        interfaces=("127.0.0.1", "::1"),
        port=0,
        face=Face.LINES,
        output=LineFormat.JSON,
        input=LineFormat.JSON,
        history=20,
        linger=math.inf,
        require_held=True,
        open=True,
        admit=True,
        log_file=Path("/l"),
        debug=True,
    )


def test_my_other_devices_are_no_peers() -> None:
    chat = options("alice", "bob", "alice@192.0.2.7", "ALICE@192.0.2.8:99")
    assert chat.peers == (PeerSpec("bob"),)
    assert chat.devices == (PeerSpec("alice", None, "192.0.2.7"), PeerSpec("ALICE", None, "192.0.2.8", 99))


def test_a_backup_goes_where_we_are() -> None:
    command = parse(["identity", "export", "alice", "--", "-key"], ENVIRONMENT)
    assert command == ExportIdentity("alice", Path("/data"), Path.cwd() / "-key")


@pytest.mark.parametrize(
    ("option", "face"),
    [("--plain", Face.LINES), ("--json", Face.LINES), ("--json-input", Face.LINES), ("--headless", Face.HEADLESS)],
)
def test_options_that_choose_the_face(option: str, face: Face) -> None:
    assert options("alice", option).face is face
    assert options("alice").face is None


def test_history_is_a_number_or_all() -> None:
    assert options("alice", "--history", "0").history == 0
    assert options("alice", "--history", "all").history is None


def test_a_relative_data_folder_is_where_we_are() -> None:
    assert options("alice", "--data-dir", "here").data_dir == Path.cwd() / "here"
    assert options("alice", "--data-dir=~/here").data_dir == Path.home() / "here"


def test_other_commands() -> None:
    assert parse(["check", "alice"], ENVIRONMENT) == Check("alice", Path("/data"), None)
    assert parse(["peers", "alice"], ENVIRONMENT) == Peers("alice", Path("/data"), "main")
    assert parse(["peers", "alice", "refuse", "bob", "--room", "lab"], ENVIRONMENT) == Peers(
        "alice", Path("/data"), "lab", "refuse", "bob"
    )
    assert parse(["check", "alice", "--room", "lab"], ENVIRONMENT) == Check("alice", Path("/data"), "lab")
    assert parse(["identity", "show", "alice"], ENVIRONMENT) == ShowIdentity("alice", Path("/data"))
    assert parse(["identity", "passphrase", "alice"], ENVIRONMENT) == ChangePassphrase("alice", Path("/data"))
    assert parse(["identity", "export", "alice", "/k"], ENVIRONMENT) == ExportIdentity(
        "alice", Path("/data"), Path("/k")
    )
    assert parse(["identity", "import", "alice", "-"], ENVIRONMENT) == ImportIdentity("alice", Path("/data"), Path("-"))
    assert parse(["export", "alice", "/f", "--for", "bob"], ENVIRONMENT) == Export(
        "alice", Path("/data"), "main", Path("/f"), "bob"
    )
    assert parse(["export", "alice", "/f", "--format=html", "--room", "lab", "--debug"], ENVIRONMENT) == Export(
        "alice", Path("/data"), "lab", Path("/f"), None, ExportFormat.HTML, True
    )
    assert parse(["repair", "alice"], ENVIRONMENT) == Repair("alice", Path("/data"), None)
    assert parse(["repair", "alice", "--room=lab", "--debug"], ENVIRONMENT) == Repair(
        "alice", Path("/data"), "lab", True
    )
    assert parse(["import", "alice", "/f"], ENVIRONMENT) == Import("alice", Path("/data"), "main", Path("/f"))
    assert parse(["--version", "alice"], ENVIRONMENT) == ShowVersion()
    assert parse(["check", "-h"], ENVIRONMENT) == ShowHelp()


@pytest.mark.parametrize(
    ("line", "help_"),
    [
        ("", "for example: chat-tui alice bob"),
        ("--plain", "for example: chat-tui alice bob"),
        ("chat", "for example: chat-tui alice bob"),
        ("alice alice", "'alice' is you"),
        ("alice bob alice", "or at alice@HOST"),
        ("alice ALICE#0123456789abcdef0123456789abcdef@host", "is you"),
        ("alice bob bob", "same peer"),
        ("alice bob Bob@192.0.2.7", "same peer"),
        ("alice@host bob", "write chat-tui alice PEER"),
        ("a.b bob", "cannot be used"),
        ("alice b/b", "cannot be used"),
        ("alice bob --plian", "did you mean --plain"),
        ("alice bob -x", "--help lists all options"),
        ("alice bob --his 5", "no option '--his'"),
        ("alice --plain=yes", "takes no value"),
        ("alice --room", "write --room NAME"),
        ("alice --room=", "room '' cannot be used"),
        ("alice --port http", "port must be a number from 0 to 65535"),
        ("alice --port 65536", "port must be a number from 0 to 65535"),
        ("alice --interface eth0", "--interface 127.0.0.1"),
        ("alice --history -1", "write for example --history 100"),
        ("alice --history ten", "write for example --history 100"),
        ("alice --linger -1", "write for example --linger 30"),
        ("alice --linger nan", "write for example --linger 30"),
        ("alice --linger soon", "write for example --linger 30"),
        ("alice --log-file=", "write --log-file PATH"),
        ("alice --headless --json", "leave out --json"),
        ("alice --require-held", "needs a PEER"),
        ("check", "chat-tui check alice"),
        ("check alice bob", "chat-tui check alice"),
        ("check alice --port 5", "does not take --port"),
        ("identity", "chat-tui identity show alice"),
        ("identity make alice", "chat-tui identity show ME"),
        ("identity passphrase", "chat-tui identity passphrase alice"),
        ("identity passphrase alice secret", "write chat-tui identity passphrase alice"),
        ("identity export", "chat-tui identity export alice FILE"),
        ("identity export alice", "write chat-tui identity export alice FILE"),
        ("identity import alice", "- for stdin"),
        ("identity import alice a b", "write chat-tui identity import alice FILE"),
        ("identity export alice x --room lab", "does not take --room"),
        ("repair", "chat-tui repair alice"),
        ("repair alice bob", "chat-tui repair alice"),
        ("export", "chat-tui export alice FILE"),
        ("export alice", "chat-tui export alice FILE"),
        ("export alice -", "chat-tui export alice FILE"),
        ("export alice f --for alice", "leave --for out"),
        ("export alice f --format pdf", "text, jsonl or html"),
        ("export alice f --format html --for bob", "choose one"),
        ("import alice", "chat-tui import alice FILE"),
        ("import alice f --for bob", "does not take --for"),
        ("alice bob --for carol", "only chat-tui export"),
        ("peers", "chat-tui peers alice"),
        ("peers alice bob", "chat-tui peers alice forget bob"),
        ("peers alice forget", "chat-tui peers alice forget bob"),
        ("peers alice forget bob carol", "chat-tui peers alice forget bob"),
        ("peers alice --admit", "does not take --admit"),
    ],
)
def test_wrong_use_says_what_to_type_instead(line: str, help_: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split(), ENVIRONMENT)
    assert help_ in str(caught.value)
    assert caught.value.exit_status == 2


WORDS = st.text(max_size=9) | st.sampled_from(
    [
        "alice",
        "bob",
        "check",
        "--",
        "-",
        "--room",
        "--room=",
        "--port=1",
        "--data-dir",
        "--help=",
        "~x",
        "--data-dir=~x/y",
    ]
)


@given(st.lists(WORDS, max_size=5))
def test_any_command_line_is_read_or_is_a_usage_error(words: list[str]) -> None:
    try:
        parse(words, ENVIRONMENT)
    except UsageError as error:
        message = str(error)
    else:
        message = ""
    assert message.isprintable()


def test_the_help_names_every_option_of_the_errors() -> None:
    text = help_text()
    for option in ("--room", "--data-dir", "--interface", "--json-input", "--require-held", "--log-file"):
        assert option in text
    assert max(map(len, text.splitlines())) <= 120
