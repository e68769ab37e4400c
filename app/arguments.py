"""The command line, read into a `Command`; what cannot be read says what to type instead.

- Nothing here looks at files, terminals or the network.
- Options may stand anywhere; `--` ends them; of an option given twice the last one counts, except --interface.
"""

from __future__ import annotations

import difflib
import ipaddress
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from msgspec import Struct

from app.command import (
    ChangePassphrase,
    Chat,
    Check,
    Command,
    Doctor,
    Export,
    ExportFormat,
    ExportIdentity,
    IdentityCommand,
    Import,
    ImportIdentity,
    Peers,
    Repair,
    ShowHelp,
    ShowIdentity,
    ShowVersion,
)
from app.config import DATA_DIR_VARIABLE, DEFAULT_LINGER, Face, LineFormat, Options, default_data_dir
from app.errors import UsageError
from app.names import DEFAULT_ROOM, PeerSpec, is_name, name_key, parse_name, parse_peer, parse_port

EXAMPLE = "chat-tui alice bob"
# First words that are no ME; `chat` is the default.
RESERVED = frozenset({"chat", "check", "doctor", "export", "identity", "import", "peers", "repair"})
CHATS = frozenset({"chat", "doctor"})
PEER_ACTIONS = ("accept", "refuse", "forget", "trust", "why", "forks")


class _Option(Struct, frozen=True):
    """metavar: what its value is called, or None for a switch; commands: that take it."""

    name: str
    metavar: str | None
    help: str
    commands: frozenset[str] = frozenset({"chat"})


_OPTIONS = (
    _Option("--room", "NAME", f"the room to be in (default: {DEFAULT_ROOM})", RESERVED - {"identity"}),
    _Option(
        "--data-dir",
        "DIR",
        f"where everything is kept (default: {DATA_DIR_VARIABLE}, else the platform's user data folder)",
        RESERVED,
    ),
    _Option(
        "--interface", "ADDR", "listen, announce, look up and dial only at this IP address; may be repeated", CHATS
    ),
    _Option("--port", "N", "listen at this port; 0 for any (default: one derived from ME)", CHATS),
    _Option("--plain", None, "line mode: a line is a message, or at a terminal a /command; by itself without one"),
    _Option("--json", None, "line mode with JSON Lines as output", CHATS),
    _Option("--json-input", None, 'line mode with JSON Lines as input: {"text": TEXT} or {"command": "/quit"}'),
    _Option("--history", "N|all", "how many earlier messages line mode shows first (default: all)"),
    _Option(
        "--linger", "SECONDS|inf", f"how long to wait for delivery at the end of input (default: {DEFAULT_LINGER:g})"
    ),
    _Option("--require-held", None, "exit with 4 if a named peer does not hold all of mine at the end"),
    _Option("--headless", None, "no screen, no input: store and pass on until stopped"),
    _Option("--open", None, "let whoever names me in, to read everything in the room"),
    _Option("--admit", None, "let new peers read what others wrote before, without asking me"),
    _Option("--log-file", "PATH", "write a log there"),
    _Option("--debug", None, "write all details to the log", frozenset({"chat", "export", "import", "repair"})),
    _Option("--for", "PEER", "export: only what PEER is not known to have", frozenset({"export"})),
    _Option("--format", "FORMAT", "export: text, jsonl or html, for people to read", frozenset({"export"})),
    _Option("--version", None, "show the version", RESERVED),
    _Option("--help", None, "show this", RESERVED),
)
_BY_NAME = {option.name: option for option in _OPTIONS}


def parse(arguments: Sequence[str], environment: Mapping[str, str]) -> Command:
    words, values = _split(arguments)
    if "--help" in values:
        return ShowHelp()
    if "--version" in values:
        return ShowVersion()
    command = words.pop(0) if words and words[0] in RESERVED else "chat"
    _check_options(command, values)
    if command == "identity":
        return _identity(words, _data_dir(values, environment))
    if command == "check":
        room = _room(values) if "--room" in values else None
        return Check(_only_me(words, "check"), _data_dir(values, environment), room)
    if command == "peers":
        return _peers_command(words, values, environment)
    if command == "export":
        return _export(words, values, environment)
    if command == "import":
        me, file = _me_and_file(words, "import")
        return Import(me, _data_dir(values, environment), _room(values), file, "--debug" in values)
    if command == "repair":
        room = _room(values) if "--room" in values else None
        return Repair(_only_me(words, "repair"), _data_dir(values, environment), room, "--debug" in values)
    if command == "doctor":
        return Doctor(_options(words, values, environment, "chat-tui doctor "))
    return Chat(_options(words, values, environment))


def help_text() -> str:
    lines = [
        "usage: chat-tui [OPTIONS] ME [PEER ...]",
        "       chat-tui check ME                  verify everything that is kept for ME",
        "       chat-tui repair ME                 save all that can be saved of a damaged database",
        "       chat-tui export ME FILE            write all of a room to a file, for chat-tui or (--format) for you",
        "       chat-tui export ME --for PEER FILE write what PEER lacks, to be carried there by hand",
        "       chat-tui import ME FILE            take in what another chat-tui has exported",
        "       chat-tui peers ME                  list whom ME knows in a room: keys, who is let in, who is refused",
        "       chat-tui peers ME ACTION NAME      ACTION: accept, refuse, forget, trust, why, forks; also if ME runs",
        "       chat-tui doctor ME [PEER ...]      say what keeps ME from others, and what to do about it",
        "       chat-tui identity show ME          show ME's fingerprint and words, to compare with what others see",
        "       chat-tui identity passphrase ME    give ME's key a passphrase, another one, or none",
        "       chat-tui identity export ME FILE   copy ME's key to a file, as a backup or for another device",
        "       chat-tui identity import ME FILE   be ME here too, with the key in the file",
        "",
        f"Example: {EXAMPLE}",
        "",
        "A chat for people who share a network and no server. ME is your name, PEER is whom you talk to:",
        "NAME, or NAME@HOST[:PORT] where it cannot be found by itself, or NAME#FINGERPRINT to accept only that key.",
        "Your own other devices are found by themselves too, or with ME@HOST[:PORT] in place of a PEER.",
        "",
        "options:",
    ]
    for option in _OPTIONS:
        label = option.name if option.metavar is None else f"{option.name} {option.metavar}"
        lines.append(f"  {label:<21} {option.help}")
    lines += [
        "",
        "exit status: 0 done; 1 an error; 2 wrong use, or --admit is needed; 4 not held by all (--require-held)",
        "check: 0 sound; 1 unsound; 2 wrong use; 3 could not check; doctor: 0 all is well; 1 something is bad",
    ]
    return "\n".join(lines)


def _split(arguments: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    words: list[str] = []
    values: dict[str, list[str]] = {}
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            words.extend(rest)
        elif argument == "-" or not argument.startswith("-"):
            words.append(argument)
        else:
            name, equals, value = argument.partition("=")
            option = _BY_NAME.get("--help" if name == "-h" else name) or _unknown_option(name)
            if option.metavar is None:
                if equals:
                    raise UsageError(f"{name} takes no value: write {name} alone")
            elif not equals:
                following = next(rest, None)
                if following is None:
                    raise UsageError(f"{name} needs a value: write {name} {option.metavar}")
                value = following
            values.setdefault(option.name, []).append(value)
    return words, values


def _unknown_option(name: str) -> NoReturn:
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    instead = f"did you mean {near[0]}?" if near else "chat-tui --help lists all options"
    raise UsageError(f"there is no option {name!r}: {instead}")


def _check_options(command: str, values: Mapping[str, object]) -> None:
    for name in values:
        takers = _BY_NAME[name].commands
        if command not in takers:
            only = f", only chat-tui {' and '.join(sorted(takers))}" if command == "chat" else ""
            raise UsageError(f"chat-tui {command} does not take {name}{only}: leave it out")


def _identity(words: Sequence[str], data_dir: Path) -> IdentityCommand:
    action, rest = (words[0], words[1:]) if words else ("show", [])
    match action:
        case "show":
            return ShowIdentity(_only_me(rest, "identity show"), data_dir)
        case "passphrase":
            return ChangePassphrase(_only_me(rest, "identity passphrase"), data_dir)
        case "export" | "import":
            me = parse_name(rest[0]) if rest else "alice"
            if len(rest) != 2:
                where = "to one file (- for stdout)" if action == "export" else "from one file (- for stdin)"
                raise UsageError(f"the key is copied {where}: write chat-tui identity {action} {me} FILE")
            file = Path("-") if rest[1] == "-" else _path("FILE", rest[1])
            return (ExportIdentity if action == "export" else ImportIdentity)(me, data_dir, file)
    raise UsageError(
        f"chat-tui identity cannot {action!r}; write: chat-tui identity show ME, "
        "or passphrase ME, export ME FILE, import ME FILE"
    )


def _only_me(words: Sequence[str], command: str) -> str:
    if not words:
        raise UsageError(f"whose? Write the name: chat-tui {command} ME, for example: chat-tui {command} alice")
    me = parse_name(words[0])
    if len(words) > 1:
        raise UsageError(f"chat-tui {command} takes one name, not {len(words)}: write chat-tui {command} {me}")
    return me


def _peers_command(words: Sequence[str], values: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> Peers:
    room = _room(values)
    if len(words) < 2:
        return Peers(_only_me(words, "peers"), _data_dir(values, environment), room)
    me, action, *names = words
    if action not in PEER_ACTIONS or len(names) > 1 or not (names or action == "forks"):
        raise UsageError(
            f"write chat-tui peers {parse_name(me)}, or with accept, refuse, forget, trust, why or forks and one "
            f"NAME after it, for example: chat-tui peers {parse_name(me)} forget bob"
        )
    return Peers(parse_name(me), _data_dir(values, environment), room, action, *names)


def _export(words: Sequence[str], values: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> Export:
    me, file = _me_and_file(words, "export")
    reader = parse_name(values["--for"][-1]) if "--for" in values else None
    if reader is not None and name_key(reader) == name_key(me):
        raise UsageError(f"--for {reader} is you: your other devices take everything, so leave --for out")
    chosen = None
    if "--format" in values:
        said = values["--format"][-1]
        chosen = next((known for known in ExportFormat if known.value == said), None)
        if chosen is None:
            raise UsageError(f"--format {said!r} is unknown: write --format text, jsonl or html; or none, for chat-tui")
        if reader is not None:
            raise UsageError("--for leaves out what somebody's chat-tui has, --format is for people: choose one")
    return Export(me, _data_dir(values, environment), _room(values), file, reader, chosen, "--debug" in values)


def _me_and_file(words: Sequence[str], command: str) -> tuple[str, Path]:
    me = parse_name(words[0]) if words else "alice"
    if len(words) != 2 or words[1] == "-":
        raise UsageError(f"whose, and to or from which file? Write: chat-tui {command} {me} FILE")
    return me, _path("FILE", words[1])


def _room(values: Mapping[str, Sequence[str]]) -> str:
    return parse_name(values["--room"][-1], "room") if "--room" in values else DEFAULT_ROOM


def _data_dir(values: Mapping[str, Sequence[str]], environment: Mapping[str, str]) -> Path:
    chosen = values.get("--data-dir")
    return _path("--data-dir", chosen[-1]) if chosen else default_data_dir(environment)


def _path(option: str, text: str) -> Path:
    if not text or "\0" in text:
        known = _BY_NAME.get(option)
        raise UsageError(f"{option} needs a path: write {option} {known.metavar}" if known else f"{option} is no path")
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:
        raise UsageError(f"{option} {text!r} is in the home folder of somebody who is not known here") from None


def _options(
    words: Sequence[str], values: Mapping[str, list[str]], environment: Mapping[str, str], program: str = "chat-tui "
) -> Options:
    """program: what comes before ME."""
    if not words:
        raise UsageError(
            f"who are you, and whom do you want to talk to? Write: {program}ME PEER, for example: {program}alice bob"
        )
    me = _me(words[0])
    peers, devices = _peers(me, words[1:])
    if "--require-held" in values and not peers:
        raise UsageError(f"--require-held needs a PEER who is to hold my messages: {EXAMPLE} --require-held")

    def last(name: str, default: str) -> str:
        return values[name][-1] if name in values else default

    return Options(
        me=me,
        data_dir=_data_dir(values, environment),
        peers=peers,
        devices=devices,
        room=_room(values),
        interfaces=tuple(dict.fromkeys(map(_interface, values.get("--interface", ())))),
        port=parse_port(last("--port", ""), f"--port {last('--port', '')}", lowest=0) if "--port" in values else None,
        face=_face(values),
        output=LineFormat.JSON if "--json" in values else LineFormat.TEXT,
        input=LineFormat.JSON if "--json-input" in values else LineFormat.TEXT,
        history=_history(last("--history", "all")),
        linger=_linger(last("--linger", str(DEFAULT_LINGER))),
        require_held="--require-held" in values,
        open="--open" in values,
        admit="--admit" in values,
        log_file=_path("--log-file", last("--log-file", "")) if "--log-file" in values else None,
        debug="--debug" in values,
    )


def _me(word: str) -> str:
    if "@" in word or "#" in word:
        name = re.split("[@#]", word)[0]
        example = name if is_name(name) else "alice"
        raise UsageError(f"ME comes first and is a name alone, not {word!r}: write chat-tui {example} PEER")
    return parse_name(word)


def _peers(me: str, words: Sequence[str]) -> tuple[tuple[PeerSpec, ...], tuple[PeerSpec, ...]]:
    """The others, and the addresses of my other devices."""
    peers: dict[str, PeerSpec] = {}
    devices: list[PeerSpec] = []
    for word in words:
        peer = parse_peer(word)
        key = name_key(peer.name)
        if key == name_key(me):
            if peer.host is None or peer.fingerprint is not None:
                raise UsageError(
                    f"{word!r} is you: the first name is yours, then come the others' names, for example: {EXAMPLE}. "
                    f"Your other devices are found by themselves, or at {me}@HOST"
                )
            devices.append(peer)
            continue
        if key in peers:
            raise UsageError(f"{word!r} and {peers[key].name!r} are the same peer: name each one once")
        peers[key] = peer
    return tuple(peers.values()), tuple(devices)


def _face(values: Mapping[str, object]) -> Face | None:
    lines = [name for name in ("--plain", "--json", "--json-input") if name in values]
    if "--headless" not in values:
        return Face.LINES if lines else None
    if lines:
        raise UsageError(f"--headless has neither input nor output: leave out {lines[0]}, or --headless")
    return Face.HEADLESS


def _interface(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        raise UsageError(
            f"--interface {text!r} is no IP address: write one of this computer's, for example: --interface 127.0.0.1"
        ) from None


def _history(text: str) -> int | None:
    if text == "all":
        return None
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise UsageError(f"--history {text!r} is neither a number of messages nor all: write for example --history 100")
    return int(text)


def _linger(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds >= 0:
        raise UsageError(f"--linger {text!r} is neither a number of seconds nor inf: write for example --linger 30")
    return seconds
