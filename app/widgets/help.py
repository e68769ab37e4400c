"""What the help says, taken from the key bindings and the commands themselves."""

from __future__ import annotations

from collections.abc import Iterable

from textual.binding import Binding, BindingType

from app import door
from app.widgets.commands import COMMANDS
from app.widgets.composer import NEW_LINE_KEYS, SEND_KEY
from app.widgets.info_screen import Row
from app.widgets.message_pane import HELD, HELD_BY_ALL, SAVED, WHEEL_ROWS, MessagePane

_NAMES = {"pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc", "plus": "+", "up": "↑", "down": "↓"}


def key_name(key: str) -> str:
    """A key as keyboards call it: `alt+home` is Alt+Home."""
    parts = key.split("+")
    return "+".join(_NAMES.get(part, part if len(key) == 1 else part.capitalize()) for part in parts)


def help_rows(bindings: Iterable[BindingType]) -> list[Row]:
    """bindings: those with a description are listed."""
    rows = [(key_name(SEND_KEY), "send"), (", ".join(map(key_name, NEW_LINE_KEYS)), "new line")]
    rows.append(("↑, ↓", "what was sent before, at the first and the last row"))
    for binding in bindings:
        if isinstance(binding, Binding) and binding.description:
            rows.append((", ".join(key_name(key.strip()) for key in binding.key.split(",")), binding.description))
    rows.append(("mouse wheel", f"{WHEEL_ROWS} rows up or down"))
    rows.append(("mouse drag", "select; Ctrl+C copies"))
    rows += [("", ""), ("F6, then", "")]
    for binding in MessagePane.BINDINGS:
        if isinstance(binding, Binding):
            rows.append((", ".join(map(key_name, binding.key.split(","))), binding.description))
    rows.append(("", ""))
    rows += [(command.usage, command.description) for command in COMMANDS]
    rows += list(door.HELP.items())
    rows.append(("//text", "send a message that begins with /"))
    rows.append(("", ""))
    rows.append(("carol?", "known through others, and never met"))
    rows.append(("bob~3f2a9c", "not the bob that you know: the key of this one begins so"))
    rows.append((SAVED, "beside your message: saved on this computer"))
    rows.append((HELD, "saved on another computer too"))
    rows.append((HELD_BY_ALL, "saved with everybody whom you named; F6, then i, says with whom"))
    rows.append(("", ""))
    rows += [("", door.MEMBERS_READ), ("", door.MEMBERS_STAY)]
    return rows
