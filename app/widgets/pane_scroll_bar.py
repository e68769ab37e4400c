"""The scroll bar beside the messages, in entries of the whole timeline: its size does not depend on what is loaded.

Textual's own scrolling thinks in rows of a widget that holds everything; its messages are kept from it here.
"""

from __future__ import annotations

from textual.geometry import Region
from textual.message import Message
from textual.scrollbar import ScrollBar, ScrollDown, ScrollTo, ScrollUp
from textual.strip import Strip

from app.widgets.drawn import drawn
from app.widgets.scrollback import Extent


class PaneScrollBar(ScrollBar):
    class Moved(Message):
        """The thumb was dragged: `position` entries are to be before the first one on the screen."""

        def __init__(self, position: float) -> None:
            super().__init__()
            self.position = position

    class Paged(Message):
        """Somebody clicked above or below the thumb."""

        def __init__(self, *, down: bool) -> None:
            super().__init__()
            self.down = down

    def __init__(self, *, id: str) -> None:
        super().__init__(vertical=True)
        self.id = id

    def show(self, extent: Extent) -> None:
        self.window_virtual_size = extent.total
        self.window_size = extent.size
        self.position = extent.position

    def render_lines(self, crop: Region) -> list[Strip]:
        return drawn(super().render_lines(crop))

    def _on_scroll_to(self, event: ScrollTo) -> None:
        event.stop()
        event.prevent_default()
        if event.y is not None:
            self.post_message(self.Moved(event.y))

    def _on_scroll_up(self, event: ScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Paged(down=False))

    def _on_scroll_down(self, event: ScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Paged(down=True))
