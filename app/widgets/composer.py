"""Where messages are written: several lines, the real cursor, and no key that loses a draft.

- Enter submits; the draft goes only when it was accepted, within the same key press, so that no later key is lost.
- What is pasted stays whole, with its line breaks and tabs; characters that act on terminals do not get in.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.widgets import TextArea

from app.entry import MAX_TEXT_BYTES
from app.text import harmless
from app.widgets.inputs import Inputs

MAX_DRAFT = 16 * MAX_TEXT_BYTES  # characters: more would make every key press slow, and cannot be sent anyway
_JOINERS = ("\u200c", "\u200d")  # Persian, Indic scripts and emoji need them; Textual takes them for unprintable


# Handled in the order of the keys. A binding would overtake letters that wait for their turn, and send half a message.
SEND_KEY = "enter"
NEW_LINE_KEYS = ("alt+enter", "shift+enter", "ctrl+j")


class Composer(TextArea):
    def __init__(
        self,
        submit: Callable[[str], bool],
        refuse: Callable[[str], None],
        inputs: Inputs,
        *,
        placeholder: str = "",
        id: str | None = None,
    ) -> None:
        """submit: takes a text over, or says False; refuse: tells the person why a paste was not taken; inputs: what
        the arrow keys bring back at the first and the last row."""
        super().__init__(
            "",
            soft_wrap=True,
            show_line_numbers=False,
            compact=True,
            highlight_cursor_line=False,
            placeholder=placeholder,
            id=id,
        )
        self.cursor_blink = False
        self._submit = submit
        self._refuse = refuse
        self._inputs = inputs

    def restore(self, text: str) -> None:
        """Put back a text that could not be sent, before what has been typed since."""
        since = self.text
        self.load_text(clean(f"{text}\n{since}" if since.strip() else text))
        self.move_cursor(self.document.end)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == SEND_KEY:
            text = self.text
            if self._submit(text):
                self._inputs.add(text)
                self.load_text("")
        elif event.key in NEW_LINE_KEYS:
            self._put("\n")
        elif event.character in _JOINERS:
            self._put(event.character)
        elif event.key == "up" and self._row == 0:
            self._recall(self._inputs.older(self.text))
        elif event.key == "down" and self._row == self.wrapped_document.height - 1:
            self._recall(self._inputs.newer())
        elif not (event.key.startswith("alt+") and event.is_printable):
            return
        # For the last of these: a command that there is not, rather than its letter in the message.
        event.stop()
        event.prevent_default()

    @property
    def _row(self) -> int:
        """In which row on the screen the cursor stands, from the text's first."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    def _recall(self, text: str | None) -> None:
        if text is not None:
            self.load_text(text)
            self.move_cursor(self.document.end)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if len(event.text) + len(self.text) > MAX_DRAFT:
            self._refuse(
                f"what was pasted has {len(event.text):,} characters; a message has at most {MAX_TEXT_BYTES:,}"
            )
            return
        self._put(clean(event.text))

    def _put(self, text: str) -> None:
        result = self.replace(text, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    def on_resize(self) -> None:
        # Textual notes where the cursor is before the composer has grown or shrunk, and leaves it there.
        self.call_after_refresh(self._place_cursor)

    def _place_cursor(self) -> None:
        if self.has_focus:
            self.app.cursor_position = self.cursor_screen_offset
            self.refresh()


def clean(text: str) -> str:
    """`text` with what acts on terminals taken out; tabs stay."""
    return "\t".join(harmless(part, newlines=True) for part in text.replace("\r\n", "\n").split("\t"))
