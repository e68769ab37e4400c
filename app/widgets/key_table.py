"""All that keys and commands do, in the order in which people are told: for the help, the palette and docs/keys.md.

It is taken from the bindings and the commands themselves, so that nothing can be left out.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from textual.binding import Binding, BindingType

from app import door
from app.commands import COMMANDS
from app.widgets.composer import Composer
from app.widgets.editor import Editor
from app.widgets.info_screen import InfoScreen
from app.widgets.keys import Place
from app.widgets.leaving import LeaveScreen
from app.widgets.message_pane import WHEEL_ROWS, MessagePane
from app.widgets.palette import PaletteScreen
from app.widgets.search_screen import SearchScreen
from app.widgets.theme_screen import ThemeScreen

MOUSE = (("mouse wheel", f"{WHEEL_ROWS} rows up or down"), ("mouse drag", "select; Ctrl+C copies"))


class Section(Struct, frozen=True):
    title: str
    place: Place
    bindings: tuple[Binding, ...]


def sections(chat: Iterable[BindingType]) -> list[Section]:
    """chat: what is bound whatever has the keys."""
    return [
        Section("Writing", Place.COMPOSER, _listed(Composer.BINDINGS)),
        Section("The chat", Place.EVERYWHERE, _listed(chat)),
        Section("Pointing at a message", Place.PANE, _listed(MessagePane.BINDINGS)),
        Section("Finding messages", Place.SEARCH, _listed(SearchScreen.BINDINGS)),
        Section("A sheet like the help", Place.SHEET, _listed(InfoScreen.BINDINGS)),
        Section("The list of all that can be done", Place.PALETTE, _listed(PaletteScreen.BINDINGS)),
        Section("Choosing a theme", Place.THEMES, _listed(ThemeScreen.BINDINGS)),
        Section("Asked before leaving", Place.LEAVING, _listed(LeaveScreen.BINDINGS)),
        Section("Editing what is written", Place.COMPOSER, _listed(Editor.BINDINGS, besides=Composer.BINDINGS)),
    ]


def commands() -> list[tuple[str, str]]:
    """(how it is typed, what it does)."""
    own = [(command.usage, command.description) for command in COMMANDS]
    return [*own, *door.HELP.items(), ("//text", "send a message that begins with /")]


def _listed(bindings: Iterable[BindingType], besides: Iterable[BindingType] = ()) -> tuple[Binding, ...]:
    """besides: those that are listed elsewhere."""
    elsewhere = {binding.id for binding in besides if isinstance(binding, Binding)}
    return tuple(
        each for each in bindings if isinstance(each, Binding) and each.description and each.id not in elsewhere
    )
