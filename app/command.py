"""What the program can be asked to do: one value for each command, complete and checked.

`app.arguments` reads them off the command line, `app.cli` carries them out.
"""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from app.config import Options


class Chat(Struct, frozen=True):
    options: Options


class Check(Struct, frozen=True):
    """Verify everything of ME, or one room of it."""

    me: str
    data_dir: Path
    room: str | None


class Doctor(Struct, frozen=True):
    """See what keeps ME from others, and change nothing. options: of the chat that is looked after."""

    options: Options


class Peers(Struct, frozen=True):
    """List whom ME knows in a room, or change what is remembered of `name`. action: one of PEER_ACTIONS, or None."""

    me: str
    data_dir: Path
    room: str
    action: str | None = None
    name: str = ""


class ShowIdentity(Struct, frozen=True):
    me: str
    data_dir: Path


class ChangePassphrase(Struct, frozen=True):
    me: str
    data_dir: Path


class ExportIdentity(Struct, frozen=True):
    """file: `-` for stdout."""

    me: str
    data_dir: Path
    file: Path


class ImportIdentity(Struct, frozen=True):
    """file: `-` for stdin."""

    me: str
    data_dir: Path
    file: Path


class ShowHelp(Struct, frozen=True):
    pass


class ShowVersion(Struct, frozen=True):
    pass


class ExportFormat(Enum):
    """What a file that is written for people looks like."""

    TEXT = "text"
    JSONL = "jsonl"
    HTML = "html"


class Export(Struct, frozen=True):
    """Write what ME has in a room to a file. reader: for whom, who has some of it, None for anybody; format: for people
    to read, None for chat-tui."""

    me: str
    data_dir: Path
    room: str
    file: Path
    reader: str | None = None
    format: ExportFormat | None = None
    debug: bool = False


class Import(Struct, frozen=True):
    """Take in what another chat-tui has exported."""

    me: str
    data_dir: Path
    room: str
    file: Path
    debug: bool = False


class Repair(Struct, frozen=True):
    """Save what can be saved of the damaged databases of ME, or of one room."""

    me: str
    data_dir: Path
    room: str | None
    debug: bool = False


IdentityCommand: TypeAlias = ShowIdentity | ChangePassphrase | ExportIdentity | ImportIdentity
Command: TypeAlias = Chat | Check | Repair | Export | Import | Peers | Doctor | IdentityCommand | ShowHelp | ShowVersion
