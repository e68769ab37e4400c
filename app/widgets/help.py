"""What the help and the list of keys say, taken from the key bindings and the commands themselves."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import BindingType

from app import door
from app.widgets.info_screen import Row
from app.widgets.key_table import MOUSE, Section, commands, sections
from app.widgets.keys import Keymap, key_names
from app.widgets.row_strips import HELD, HELD_BY_ALL, SAVED
from app.widgets.signs import CROSSED, LATE


def help_rows(chat: Iterable[BindingType], keymap: Keymap) -> list[Row]:
    """chat: what is bound whatever has the keys; keymap: keys that the person chose."""
    *parts, editing = (_section_rows(section, keymap) for section in sections(chat))
    rows = [row for part in parts for row in part]
    rows += MOUSE
    rows += [("", ""), ("Commands", ""), *commands(), *editing, ("", "")]
    rows.append(("carol?", "known through others, and never met"))
    rows.append(("bob~3f2a9c", "not the bob that you know: the key of this one begins so"))
    rows.append((SAVED, "beside your message: saved on this computer"))
    rows.append((HELD, "saved on another computer too"))
    rows.append((HELD_BY_ALL, "saved with everybody whom you named; F6, then i, says with whom"))
    rows.append((LATE, "before a message: it came late, and you have not seen it; Alt+L goes there"))
    rows.append((CROSSED, "before a message: who wrote it had not read the one above it"))
    rows.append(("", ""))
    rows += [("", door.MEMBERS_READ), ("", door.MEMBERS_STAY)]
    return rows


def _section_rows(section: Section, keymap: Keymap) -> list[Row]:
    shown = [(key_names(binding, keymap), binding.description) for binding in section.bindings if binding.show]
    return [("", ""), (section.title, ""), *shown]


def name_rows(chat: Iterable[BindingType], keymap: Keymap) -> list[Row]:
    """All keys, with the names by which config.toml changes them."""
    rows: list[Row] = [("", 'In config.toml, under [keys], a line such as  search = "f3,ctrl+f"  gives other keys.')]
    for section in sections(chat):
        rows += [("", ""), (section.title, "")]
        for binding in section.bindings:
            if binding.id:
                rows.append((binding.id, f"{key_names(binding, keymap)}: {binding.description}"))
    return rows
