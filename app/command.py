"""What the program can be asked to do: one value for each command, complete and checked.

`app.arguments` reads them off the command line, `app.cli` carries them out.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TypeAlias

from app.config import Options


@dataclass(frozen=True, slots=True)
class Chat:
    options: Options


@dataclass(frozen=True, slots=True)
class Check:
    """Verify everything of ME, or one room of it."""

    me: str
    data_dir: Path
    room: str | None


@dataclass(frozen=True, slots=True)
class Doctor:
    """See what keeps ME from others, and change nothing. options: of the chat that is looked after."""

    options: Options


@dataclass(frozen=True, slots=True)
class Peers:
    """List whom ME knows in a room, or change what is remembered of `name`. action: one of PEER_ACTIONS, or None."""

    me: str
    data_dir: Path
    room: str
    action: str | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class ShowIdentity:
    me: str
    data_dir: Path


@dataclass(frozen=True, slots=True)
class ChangePassphrase:
    me: str
    data_dir: Path


@dataclass(frozen=True, slots=True)
class ExportIdentity:
    """file: `-` for stdout."""

    me: str
    data_dir: Path
    file: Path


@dataclass(frozen=True, slots=True)
class ImportIdentity:
    """file: `-` for stdin."""

    me: str
    data_dir: Path
    file: Path


@dataclass(frozen=True, slots=True)
class ShowHelp:
    pass


@dataclass(frozen=True, slots=True)
class ShowVersion:
    pass


class ExportFormat(Enum):
    """What a file that is written for people looks like."""

    TEXT = "text"
    JSONL = "jsonl"
    HTML = "html"


@dataclass(frozen=True, slots=True)
class Export:
    """Write what ME has in a room to a file. reader: for whom, who has some of it, None for anybody; format: for people
    to read, None for chat-tui."""

    me: str
    data_dir: Path
    room: str
    file: Path
    reader: str | None = None
    format: ExportFormat | None = None
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Import:
    """Take in what another chat-tui has exported."""

    me: str
    data_dir: Path
    room: str
    file: Path
    debug: bool = False


@dataclass(frozen=True, slots=True)
class Repair:
    """Save what can be saved of the damaged databases of ME, or of one room."""

    me: str
    data_dir: Path
    room: str | None
    debug: bool = False


IdentityCommand: TypeAlias = ShowIdentity | ChangePassphrase | ExportIdentity | ImportIdentity
Command: TypeAlias = Chat | Check | Repair | Export | Import | Peers | Doctor | IdentityCommand | ShowHelp | ShowVersion
