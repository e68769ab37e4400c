"""Checks the keys that a person chose in config.toml. What cannot be used is said, and the usual keys stay.

- No two things in one place share a key, and nothing takes a letter from where one writes.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, _character_to_key, key_to_character

from app.text import one_line
from app.widgets.key_table import Section
from app.widgets.keys import KEY_NAMES, Keymap, Place, key_name, keys_of

_MODIFIERS = ("ctrl", "alt", "shift", "super", "hyper", "meta")
_CALLED_OTHERWISE = {name.casefold(): key for key, name in KEY_NAMES.items()} | {
    "return": "enter",
    "ins": "insert",
    "page_up": "pageup",
    "page_down": "pagedown",
}
_KNOWN = {key.value for key in Keys} | {f"f{number}" for number in range(1, 25)} | {*KEY_NAME_REPLACEMENTS.values()}


def check(chosen: Mapping[str, str], sections: Sequence[Section]) -> tuple[Keymap, list[str]]:
    """What can be used of `chosen`, and why the rest cannot."""
    ids = {binding.id: section for section in sections for binding in section.bindings if binding.id}
    keymap: dict[str, str] = {}
    problems: list[str] = []
    for name, keys in chosen.items():
        said = f"config.toml, [keys] {one_line(name)}"
        if name not in ids:
            near = difflib.get_close_matches(name, ids, 3)
            which = f"perhaps you mean {' or '.join(near)}" if near else "/keys lists the names"
            problems.append(f"{said}: nothing is called so; {which}")
            continue
        read = [_read(key.strip()) for key in keys.split(",")]
        if None in read:
            wrong = one_line(keys)
            problems.append(f"{said}: {wrong} is no key; write it as in ctrl+f, alt+x, f2, pageup or f2,ctrl+b")
            continue
        usable = [key for key in read if key is not None]
        letter = next((key for key in usable if ids[name].place.takes_letters and _is_letter(key)), None)
        if letter is not None:
            problems.append(f"{said}: {key_name(letter)} could not be typed any more; take it with ctrl or alt")
            continue
        keymap[name] = ",".join(usable)
    return _without_conflicts(keymap, sections, problems), problems


def _without_conflicts(keymap: dict[str, str], sections: Sequence[Section], problems: list[str]) -> Keymap:
    """The keymap without those entries that take the key of something else."""
    for name in list(keymap):
        others = _sharing(name, keymap, sections)
        if others:
            key = key_name(others[0][1])
            problems.append(
                f"config.toml, [keys] {name}: {key} is the key of {others[0][0]} already; give that another one too"
            )
            del keymap[name]
    return keymap


def _sharing(name: str, keymap: Keymap, sections: Sequence[Section]) -> list[tuple[str, str]]:
    """(id, key) of what has a key of `name` where that can be pressed. What usually share a key may: Esc, F1."""
    own = [(section.place, binding) for section in sections for binding in section.bindings if binding.id == name]
    places = {place for place, _ in own}
    usual = {key for _, binding in own for key in keys_of(binding, {})}
    mine = set(keymap[name].split(","))
    return [
        (binding.id, key)
        for section in sections
        if section.place in places or Place.EVERYWHERE in (section.place, *places)
        for binding in section.bindings
        if binding.id and binding.id != name
        for key in keys_of(binding, keymap)
        if key in mine and not (key in usual and key in keys_of(binding, {}))
    ]


def _read(key: str) -> str | None:
    """The key as the toolkit calls it; None for what is none."""
    if len(key) == 1:
        return _character_to_key(key)
    *modifiers, last = key.casefold().replace("++", "+plus").split("+")
    last = _CALLED_OTHERWISE.get(last, last)
    if len(last) == 1:
        last = _character_to_key(last)
    if any(modifier not in _MODIFIERS for modifier in modifiers) or not (
        last in _KNOWN or len(last) == 1 or key_to_character(last)
    ):
        return None
    if modifiers == ["shift"] and len(last) == 1:
        return last.upper()
    return "+".join([*sorted(modifiers), last])


def _is_letter(key: str) -> bool:
    character = key_to_character(key)
    return key not in ("tab", "enter") and character is not None and character.isprintable()
