"""A sheet of text over the chat, for help and for the list of peers: Escape, Enter or q closes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

Row = tuple[str, str]


class InfoScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,f1", "dismiss", "close")]

    def __init__(self, title: str, rows: Callable[[], Sequence[Row]]) -> None:
        """rows: a term and what is said about it, harmless text; asked again by `update`."""
        super().__init__()
        self._title = title
        self._rows = rows

    def compose(self) -> ComposeResult:
        with Vertical(id="info"):
            yield Static(Content.styled(self._title, "bold"), id="info-title")
            with VerticalScroll(id="info-body"):
                yield Static(self._content(), id="info-text")
            yield Static(Content.styled("Esc closes", "$text-muted"), id="info-foot")

    def update(self) -> None:
        self.query_one("#info-text", Static).update(self._content())

    def on_resize(self) -> None:
        self.update()

    def _content(self) -> Content:
        rows = self._rows()
        column = max((cell_len(term) for term, _ in rows), default=0)
        if column > self.size.width // 3:  # narrow: the explanation goes below its term
            return Content("\n").join(
                Content.assemble((term, "bold"), "\n  ", said) if term else Content(said) for term, said in rows
            )
        return Content("\n").join(
            Content.assemble((term, "bold"), " " * (column - cell_len(term) + 2), said) for term, said in rows
        )
