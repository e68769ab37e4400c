"""What Ctrl+P lists: every action that has a key, every command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial

from textual.binding import Binding, BindingType

from app import door
from app.commands import COMMANDS
from app.widgets.key_table import sections
from app.widgets.keys import Keymap, Place, key_names
from app.widgets.palette import Deed, Typing

_OF_WRITING = ("look-up", "undo", "redo", "select-all", "yank")  # others are of use under the fingers only


def deeds(
    chat: Iterable[BindingType],
    keymap: Keymap,
    *,
    act: Callable[[Place, str], object],
    command: Callable[[str], object],
) -> Sequence[Deed | Typing]:
    """chat: what is bound whatever has the keys; act: carries out an action where it belongs; command: a command."""

    def of(place: Place, binding: Binding) -> Deed:
        return Deed(binding.description, key_names(binding, keymap), partial(act, place, binding.action))

    listed: list[Deed | Typing] = []
    for section in sections(chat):
        for binding in section.bindings:
            if section.place in (Place.EVERYWHERE, Place.PANE) or binding.id in _OF_WRITING:
                listed.append(of(section.place, binding))
    for each in COMMANDS:
        typed = f"/{each.name}"
        if each.argument and not each.argument.startswith("["):
            listed.append(Typing(each.description, each.usage, typed))
        else:
            listed.append(Deed(each.description, each.usage, partial(command, typed)))
    listed += [Typing(description, form, form.split()[0]) for form, description in door.HELP.items()]
    return listed
