"""The scroll bar beside the messages, in entries of the whole timeline: its size does not depend on what is loaded.

- Textual's own scrolling thinks in rows of a widget that holds everything; its messages are kept from it here.
- The thumb stays under the mouse. Its first row is the first message and its last row the newest, whatever is between.
"""

from __future__ import annotations

from msgspec import Struct
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.scrollbar import ScrollBar, ScrollDown, ScrollUp
from textual.strip import Strip

from app.widgets.drawn import drawn
from app.widgets.scrollback import Extent


class _Held(Struct, frozen=True):
    """Where the thumb was taken hold of. y: of the pointer; position: in entries; step: entries in a row of the bar."""

    y: float
    position: float
    step: float


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
        self._held = _Held(0.0, 0.0, 0.0)

    def show(self, extent: Extent) -> None:
        self.window_virtual_size = extent.total
        self.window_size = extent.size
        self.position = extent.position

    def render_lines(self, crop: Region) -> list[Strip]:
        return drawn(super().render_lines(crop))

    async def _on_mouse_down(self, event: events.MouseDown) -> None:
        """Textual does the rest: it knows what was hit."""
        total, size, height = self.window_virtual_size, self.window_size, self.size.height
        thumb = max(1.0, height * size / max(1, total))
        # Textual takes the rows of the bar for those of the text, of which a message has more than one.
        step = (total - size) / (height - thumb) if height > thumb else 0.0
        self._held = _Held(event.pointer_screen_y, self.position, step)

    async def _on_mouse_move(self, event: events.MouseMove) -> None:
        event.stop()
        event.prevent_default()
        if not self.grabbed or not self.window_size:
            return
        row = event.screen_y - self.region.y
        if row <= 0:
            position = 0.0
        elif row >= self.size.height - 1:
            position = float(self.window_virtual_size)
        else:
            held = self._held
            position = max(0.0, held.position + (event.pointer_screen_y - held.y) * held.step)
        self.post_message(self.Moved(position))

    def _on_scroll_up(self, event: ScrollUp) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Paged(down=False))

    def _on_scroll_down(self, event: ScrollDown) -> None:
        event.stop()
        event.prevent_default()
        self.post_message(self.Paged(down=True))
