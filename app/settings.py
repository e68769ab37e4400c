"""What a person sets in config.toml, in the platform's folder for configurations: the one place that reads it.

- Nothing in it keeps the chat from starting: what cannot be used is as if it were not there, and `problems` says so.
- All of it has a default, so that no file is needed.
"""

from __future__ import annotations

import stat
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

from msgspec import Struct, field

from app.text import one_line

MAX_BYTES = 256 * 1024  # every key remapped and explained is a tenth of that; a larger file is none of ours


class Notify(Enum):
    """Which messages ring the bell and raise a notice on the desktop."""

    OFF = "off"
    MENTIONS = "mentions"
    ALL = "all"


class Settings(Struct, frozen=True):
    """notify: see Notify; keys: from what a key does, by the name in the help, to the keys, with commas between;
    problems: sentences about what could not be used, harmless text."""

    notify: Notify = Notify.MENTIONS
    keys: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def load(path: Path) -> Settings:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe may never end, or never begin
            return _unusable(path, "it is no file")
        if status.st_size > MAX_BYTES:
            return _unusable(path, f"it has more than {MAX_BYTES // 1024} KiB")
        data = path.read_bytes()
    except FileNotFoundError:
        return Settings()
    except OSError as error:
        return _unusable(path, error.strerror or str(error))
    import tomllib  # a start without the file does not pay for it

    try:
        table = tomllib.loads(data.decode())
    except UnicodeDecodeError:
        return _unusable(path, "it is not UTF-8")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _unusable(path, str(error) or "it is nested too deeply")
    return _read(path, table)


def _read(path: Path, table: Mapping[str, object]) -> Settings:
    problems: list[str] = []
    notify = Notify.MENTIONS
    keys: dict[str, str] = {}
    for name, value in table.items():
        match name:
            case "notify":
                try:
                    notify = Notify(value)
                except ValueError:
                    known = ", ".join(f'"{each.value}"' for each in Notify)
                    problems.append(f"notify can be {known}; not {_shown(value)}")
            case "keys":
                keys = _read_keys(value, problems)
            case _:
                import difflib

                near = difflib.get_close_matches(name, ("notify", "keys"), 1)
                problems.append(f"nothing is called {_shown(name)}" + (f"; perhaps you mean {near[0]}" if near else ""))
    return Settings(notify, keys, tuple(f"{one_line(str(path))}: {problem}" for problem in problems))


def _read_keys(value: object, problems: list[str]) -> dict[str, str]:
    if not isinstance(value, dict):
        problems.append('[keys] is a table of lines such as: search = "ctrl+f"')
        return {}
    keys: dict[str, str] = {}
    for action, pressed in value.items():
        if isinstance(pressed, str) and pressed.strip():
            keys[action] = pressed
        else:
            usual = '"f2" or "f2,ctrl+b"'
            problems.append(f"the keys of {_shown(action)} are written as in {usual}; not {_shown(pressed)}")
    return keys


def _unusable(path: Path, why: str) -> Settings:
    return Settings(problems=(one_line(f"{path} is not used: {why}"),))


def _shown(value: object) -> str:
    """What stands in the file, or its beginning."""
    text = one_line(repr(value))
    return text if len(text) <= 40 else f"{text[:40]}…"
