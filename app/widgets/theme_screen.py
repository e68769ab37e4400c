"""The list of themes: what is pointed at is shown at once; Enter keeps it, Escape goes back to the one before."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen
from textual.widgets import OptionList
from textual.widgets.option_list import Option


class ThemeScreen(ModalScreen[str | None]):
    """The answer is the name of the theme to keep, or None."""

    AUTO_FOCUS = "#themes"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "back", "the theme of before", id="close-themes")]

    def __init__(self) -> None:
        super().__init__()
        self._before = self.app.theme

    def compose(self) -> ComposeResult:
        names = sorted(self.app.available_themes)
        listed = OptionList(*(Option(name, id=name) for name in names), id="themes", markup=False)
        listed.highlighted = names.index(self._before)
        yield listed

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        if event.option_id is not None:
            self.app.theme = event.option_id

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(event.option_id)

    def action_back(self) -> None:
        self.app.theme = self._before
        self.dismiss(None)
