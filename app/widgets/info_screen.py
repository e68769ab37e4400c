"""A sheet of text over the chat, for help and for the list of peers: Escape, Enter or q closes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from app.widgets.wrap import wrap

Row = tuple[str, str]
_MAX_WIDTH = 84  # as in chat.tcss
_AROUND = 3  # cells for the padding and a scroll bar
_WIDE = 72  # narrower, what is said goes below its term
_MAX_TERM = 26  # cells; below a longer one too, or there would be little room beside all of them


class InfoScreen(ModalScreen[None]):
    AUTO_FOCUS = "#info"  # so that arrows and PgUp, PgDn scroll it
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,enter,q,f1", "dismiss", "close", id="close-sheet")]

    def __init__(self, title: str, rows: Callable[[], Sequence[Row]], *, every: float | None = None) -> None:
        """rows: a term and what is said about it, harmless text; asked again by `update`; every: after so many
        seconds too."""
        super().__init__()
        self._title = title
        self._rows = rows
        self._every = every

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="info"):
            yield Static(self._content(), id="info-text")

    def on_mount(self) -> None:
        if self._every is not None:
            self.set_interval(self._every, self.update)

    def update(self) -> None:
        self.query_one("#info-text", Static).update(self._content())

    def on_resize(self) -> None:
        self.update()

    def _content(self) -> Content:
        rows = self._rows()
        column = max((cell_len(term) for term, _ in rows if cell_len(term) <= _MAX_TERM), default=0) + 2
        parts = [Content.assemble((self._title, "bold"), ("  Esc closes", "$text-muted")), Content("")]
        beside = self.size.width >= _WIDE
        left = column if beside else 2
        room = max(1, min(self.size.width, _MAX_WIDTH) - _AROUND - left)
        for term, said in rows:
            if beside and cell_len(term) < column:
                gap = " " * (column - cell_len(term))
            else:
                gap = "\n" + " " * left if term and said else ""
            indent = left if beside or term else 0
            lines = [said[low:high] for low, high in wrap(said, room + left - indent)]
            parts.append(Content.assemble((term, "bold"), gap, ("\n" + " " * indent).join(lines)))
        return Content("\n").join(parts)
