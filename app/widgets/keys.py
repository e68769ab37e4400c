"""Which keys do what, with those that a person chose instead: plain functions of bindings and a keymap.

- A binding's id is its name in config.toml. Those without one cannot be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from textual.binding import Binding, BindingType
from textual.keys import key_to_character


class Place(Enum):
    """Where keys mean something. What is bound everywhere meets what is bound in each of the others."""

    EVERYWHERE = 0
    COMPOSER = 1
    PANE = 2
    SEARCH = 3
    SHEET = 4
    PALETTE = 5
    LEAVING = 6
    THEMES = 7

    @property
    def takes_letters(self) -> bool:
        """Whether one writes there, so that a letter can be no key."""
        return self in (Place.EVERYWHERE, Place.COMPOSER, Place.SEARCH, Place.PALETTE)


Keymap = Mapping[str, str]  # from a binding's id to its keys, with commas between

KEY_NAMES = {
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "escape": "Esc",
    "delete": "Del",
    "plus": "+",
    "underscore": "_",
    "up": "↑",
    "down": "↓",
    "left": "←",
    "right": "→",
}


def keys_of(binding: Binding, keymap: Keymap) -> list[str]:
    chosen = keymap.get(binding.id, "") if binding.id else ""
    return [key.strip() for key in (chosen or binding.key).split(",")]


def actions(bindings: Iterable[BindingType], keymap: Keymap) -> dict[str, str]:
    """From a key to its action."""
    return {
        key: binding.action for binding in bindings if isinstance(binding, Binding) for key in keys_of(binding, keymap)
    }


def key_name(key: str) -> str:
    """A key as keyboards call it: `alt+home` is Alt+Home."""
    *modifiers, last = key.split("+")
    character = key_to_character(last)
    named = character is None or not character.isprintable() or character.isspace()
    name = KEY_NAMES.get(last) or (last.capitalize() if named else str(character))
    if modifiers and len(name) == 1:
        name = name.upper()
    return "+".join([*(modifier.capitalize() for modifier in modifiers), name])


def key_names(binding: Binding, keymap: Keymap) -> str:
    """For people; without the keys that only some keyboards have, if there are others."""
    keys = keys_of(binding, keymap)
    usual = [key for key in keys if not key.startswith("super+")]
    return ", ".join(map(key_name, usual or keys))


def key_lines(bindings: Iterable[BindingType], keymap: Keymap) -> list[str]:
    """The keys of those that have a word for it, their tooltip, in one line: then with ever fewer of the words."""
    pairs = [
        (key_name(keys_of(binding, keymap)[0]), binding.tooltip)
        for binding in bindings
        if isinstance(binding, Binding) and binding.tooltip
    ]
    lines = []
    for worded in range(len(pairs), -1, -1):
        parts = [f"{key} {word}" if number < worded else key for number, (key, word) in enumerate(pairs)]
        lines.append(("  " if worded else " ").join(parts))
    return lines
