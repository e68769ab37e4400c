"""Where messages are written: several lines, and no key that loses a draft.

- Enter submits; the draft goes only when it was accepted, within the same key press, so that no later key is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from app.entry import MAX_TEXT_BYTES
from app.widgets.editor import Editor, clean
from app.widgets.inputs import Inputs
from app.widgets.keys import Keymap

MAX_DRAFT = 16 * MAX_TEXT_BYTES  # characters: more would make every key press slow, and cannot be sent anyway


class Composer(Editor):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "send", id="send"),
        Binding("alt+enter,shift+enter,ctrl+j", "new_line", "new line", id="new-line"),
        Binding("up", "up", "a row up; in the first row, what was sent before", id="up"),
        Binding("down", "down", "a row down; in the last row, what was sent after that", id="down"),
    ]

    def __init__(
        self,
        submit: Callable[[str], bool],
        refuse: Callable[[str], None],
        inputs: Inputs,
        *,
        keymap: Keymap,
        placeholder: str = "",
        id: str | None = None,
    ) -> None:
        """submit: takes a text over, or says False; refuse: tells the person why a paste was not taken; inputs: what
        the arrow keys bring back at the first and the last row; keymap: keys that the person chose."""
        super().__init__(keymap=keymap, placeholder=placeholder, id=id)
        self._submit = submit
        self._refuse = refuse
        self._inputs = inputs

    def restore(self, text: str) -> None:
        """Put back a text that could not be sent, before what has been typed since."""
        since = self.text
        self.write(clean(f"{text}\n{since}" if since.strip() else text))

    def action_send(self) -> None:
        text = self.text
        if self._submit(text):
            self._inputs.add(text)
            self.load_text("")

    def action_new_line(self) -> None:
        self.put("\n")

    def action_up(self) -> None:
        if self._row:
            self.action_cursor_up()
        else:
            self._recall(self._inputs.older(self.text))

    def action_down(self) -> None:
        if self._row < self.wrapped_document.height - 1:
            self.action_cursor_down()
        else:
            self._recall(self._inputs.newer())

    @property
    def _row(self) -> int:
        """In which row on the screen the cursor stands, from the text's first."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    def _recall(self, text: str | None) -> None:
        if text is not None:
            self.write(text)

    async def _on_paste(self, event: events.Paste) -> None:
        if len(event.text) + len(self.text) > MAX_DRAFT:
            event.stop()
            event.prevent_default()
            self._refuse(
                f"what was pasted has {len(event.text):,} characters; a message has at most {MAX_TEXT_BYTES:,}"
            )
