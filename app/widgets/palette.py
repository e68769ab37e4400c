"""Ctrl+P: all that can be done, found by typing a part of it; or a command, typed whole beside a draft.

- Who opens it sees everything, the most used first; each word typed leaves fewer. Enter does what is marked.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from msgspec import Struct
from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from app.search import fold
from app.widgets.wrap import shorten


class Deed(Struct, frozen=True):
    """name: what is done; how: the keys or the command that do it as well; do: does it."""

    name: str
    how: str
    do: Callable[[], object]


class Typing(Struct, frozen=True):
    """A command that needs an argument: it is typed on."""

    name: str
    how: str
    command: str


def found(deeds: Sequence[Deed | Typing], words: str) -> list[Deed | Typing]:
    """Those that have all the words, whatever their case; first those that begin with what is typed."""
    terms = fold(words).split()
    typed = fold(words).strip()
    having = [deed for deed in deeds if all(term in fold(f"{deed.name} {deed.how}") for term in terms)]
    return sorted(having, key=lambda deed: not any(fold(part).startswith(typed) for part in (deed.name, deed.how)))


class PaletteScreen(ModalScreen[Deed | str | None]):
    """Ends with what is to be done, a command as it was typed, or None."""

    AUTO_FOCUS = "#palette-words"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+p", "dismiss", "close", id="close-palette"),
        Binding("up", "move(-1)", "what stands above", id="palette-up"),
        Binding("down", "move(1)", "what stands below", id="palette-down"),
    ]

    def __init__(self, deeds: Sequence[Deed | Typing]) -> None:
        super().__init__()
        self._deeds = deeds
        self._found: Sequence[Deed | Typing] = deeds

    def compose(self) -> ComposeResult:
        with Vertical(id="palette"):
            yield Input(placeholder="what to do, or a /command", id="palette-words")
            listed = OptionList(id="palette-deeds", markup=False)
            listed.can_focus = False
            yield listed

    def on_resize(self) -> None:
        self._list()

    def action_move(self, by: int) -> None:
        listed = self.query_one(OptionList)
        if self._found:
            listed.highlighted = ((listed.highlighted or 0) + by) % len(self._found)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._found = found(self._deeds, event.value)
        self._list()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        at = self.query_one(OptionList).highlighted
        typed = event.value.strip()
        if typed.startswith("/") and (typed != event.value or " " in typed or not self._found):
            self.dismiss(typed)
        elif at is not None and self._found:
            self._take(self._found[at])

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._take(self._found[event.option_index])

    def _take(self, deed: Deed | Typing) -> None:
        if isinstance(deed, Deed):
            self.dismiss(deed)
            return
        words = self.query_one(Input)
        words.value = deed.command + " "
        words.cursor_position = len(words.value)

    def _list(self) -> None:
        listed = self.query_one(OptionList)
        width = max(10, self.size.width - 4) if self.size.width < _WIDE else min(self.size.width, _WIDE) - 4
        listed.clear_options()
        if self._found:
            listed.add_options([Option(_row(deed, width)) for deed in self._found])
            listed.highlighted = 0
        else:
            command = self.query_one(Input).value.lstrip().startswith("/")
            told = "Enter does what is typed" if command else "nothing is called so"
            listed.add_option(Option(Content.styled(told, "$text-muted"), disabled=True))


_WIDE = 100  # cells, as #palette has at most


def _row(deed: Deed | Typing, width: int) -> Content:
    how = shorten(deed.how, max(8, width // 3))
    name = shorten(deed.name, max(1, width - cell_len(how) - 2))
    gap = " " * max(1, width - cell_len(name) - cell_len(how))
    return Content.assemble(name, gap, (how, "$text-muted"))
