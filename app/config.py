"""What a start of chat-tui is asked to do, and where it keeps its files.

- `Options` is complete and checked: whoever gets one need not ask the command line or the environment again.
- Everything of ME is in DATA-DIR/ME (mode 0700): identity.key, rooms/ROOM, and chat-tui.log if something went wrong.
"""

from __future__ import annotations

import contextlib
import math
import os
import stat
from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path

from msgspec import Struct

from app.errors import StorageError
from app.names import DEFAULT_ROOM, PeerSpec, is_name, name_key
from app.private_files import make_durable_folder, refuse_open_folder

DATA_DIR_VARIABLE = "CHAT_TUI_DATA_DIR"
DEFAULT_LINGER = 5.0


class Face(Enum):
    """Through what a person or a program talks to the node."""

    SCREEN = "screen"
    LINES = "lines"
    HEADLESS = "headless"


class LineFormat(Enum):
    """What a line of line mode is."""

    TEXT = "text"
    JSON = "json"


class Options(Struct, frozen=True):
    """One chat.

    data_dir: absolute; interfaces: IP addresses, empty for all; port: None for the preferred one, 0 for any;
    face: None for the screen if there is a terminal, else line mode; history: how many messages line mode shows first,
    None for all; devices: where other devices of ME are, beside those that are found; linger: seconds, may be infinite;
    open: admit whoever names me; admit: without confirmation;
    log_file: None for chat-tui.log in ME's folder, which is then written only when it is needed.
    """

    me: str
    data_dir: Path
    peers: tuple[PeerSpec, ...] = ()
    devices: tuple[PeerSpec, ...] = ()
    room: str = DEFAULT_ROOM
    interfaces: tuple[str, ...] = ()
    port: int | None = None
    face: Face | None = None
    output: LineFormat = LineFormat.TEXT
    input: LineFormat = LineFormat.TEXT
    history: int | None = None
    linger: float = DEFAULT_LINGER
    require_held: bool = False
    open: bool = False
    admit: bool = False
    log_file: Path | None = None
    debug: bool = False

    @property
    def waits_for_ever(self) -> bool:
        return math.isinf(self.linger)


def default_data_dir(environment: Mapping[str, str]) -> Path:
    """The folder of all users of chat-tui on this computer who did not choose one."""
    chosen = environment.get(DATA_DIR_VARIABLE)
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("chat-tui", appauthor=False))


def settings_path() -> Path:
    """What a person sets, for all names and rooms."""
    import platformdirs

    return Path(platformdirs.user_config_dir("chat-tui", appauthor=False)) / "config.toml"


def user_folder(data_dir: Path, me: str) -> Path:
    """DATA-DIR/ME. Where it exists under a name that is compared as the same (`Alice`, `alice`), that one."""
    return _same_name(data_dir, me)


def key_file(user: Path) -> Path:
    return user / "identity.key"


def room_folder(user: Path, room: str) -> Path:
    return _same_name(user / "rooms", room)


def room_names(user: Path) -> list[str]:
    """The rooms that ME has been in. Raises PermissionError."""
    return sorted(name for name in _folder_names(user / "rooms") if is_name(name))


def log_path(user: Path) -> Path:
    return user / "chat-tui.log"


def draft_path(room: Path) -> Path:
    """What stood in the composer when the chat in the folder `room` was left."""
    return room / "draft"


def room_view_path(room: Path) -> Path:
    """What has been read in the chat in the folder `room`."""
    return room / "view"


def taste_path(user: Path) -> Path:
    """How ME wants the screen."""
    return user / "taste"


def make_user_folder(folder: Path) -> None:
    """Make DATA-DIR/ME, closed to others. Raises IdentityError for one that others could have put things into."""
    try:
        make_durable_folder(folder)
        refuse_open_folder(folder)
        if folder.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            folder.chmod(0o700)
    except OSError as error:
        raise StorageError(
            f"the folder {folder} cannot be used: {error.strerror or error}; choose another one with --data-dir DIR"
        ) from error


def _same_name(parent: Path, name: str) -> Path:
    exact = parent / name
    if exact.exists():
        return exact
    key = name_key(name)
    with contextlib.suppress(PermissionError):  # where one may pass and not look around, the exact name counts
        return next((parent / other for other in sorted(_folder_names(parent)) if name_key(other) == key), exact)
    return exact


def _folder_names(parent: Path) -> Iterator[str]:
    try:
        with os.scandir(parent) as items:
            yield from [item.name for item in items if item.is_dir()]
    except PermissionError:
        raise
    except OSError:
        return
