"""A text area as a shell's line taught the fingers: readline's keys, the real cursor, no harmful character.

- All its keys are handled in the order in which they come. As Textual's bindings some would overtake letters that are
  still queued, and others come after letters that were typed later.
- What is pasted stays whole, with its line breaks and tabs; characters that act on terminals do not get in.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.document._document import Location
from textual.widgets import TextArea

from app.text import harmless
from app.widgets.keys import Keymap, actions
from app.widgets.kill_ring import KillRing

_JOINERS = ("\u200c", "\u200d")  # Persian, Indic scripts and emoji need them; Textual takes them for unprintable
_WORD_AHEAD = re.compile(r"\W*\w+")
_is_letter = re.compile(r"\w").match
_is_visible = re.compile(r"\S").match


class Editor(TextArea, inherit_bindings=False):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home,ctrl+a", "cursor_line_start", "to the beginning of the line", id="line-start"),
        Binding("end,ctrl+e", "cursor_line_end", "to the end of the line", id="line-end"),
        Binding("alt+b,ctrl+left,alt+left", "cursor_word_left", "a word back", id="word-left"),
        Binding("alt+f,ctrl+right,alt+right", "cursor_word_right", "a word on", id="word-right"),
        Binding("ctrl+w", "kill_to_blank", "cut back to the last blank", id="kill-to-blank"),
        Binding("alt+backspace,ctrl+backspace", "kill_word_left", "cut the word before", id="kill-word-left"),
        Binding("alt+d,alt+delete", "kill_word_right", "cut the word after", id="kill-word-right"),
        Binding("ctrl+u,super+backspace", "kill_to_start", "cut to the beginning of the line", id="kill-to-start"),
        Binding("ctrl+k", "kill_to_end", "cut to the end of the line", id="kill-to-end"),
        Binding("ctrl+y", "yank", "put back what was cut", id="yank"),
        Binding("alt+y", "yank_older", "after that: what was cut before it", id="yank-older"),
        Binding("ctrl+t", "transpose", "swap the characters before and after", id="transpose"),
        Binding("ctrl+z,ctrl+underscore,super+z", "undo", "take a change back", id="undo"),
        Binding("alt+z,ctrl+shift+z,super+y", "redo", "make it again", id="redo"),
        Binding("ctrl+x,super+x", "cut", "cut what is selected", id="cut"),
        Binding("ctrl+v", "paste", "paste what was copied here", id="paste"),
        Binding("f7", "select_all", "select all that is written", id="select-all"),
        Binding("left,ctrl+b", "cursor_left", "a character back", show=False, id="left"),
        Binding("right", "cursor_right", "a character on", show=False, id="right"),
        Binding("up", "cursor_up", "a row up", show=False, id="up"),
        Binding("down", "cursor_down", "a row down", show=False, id="down"),
        Binding("shift+left", "cursor_left(True)", "select a character back", show=False, id="select-left"),
        Binding("shift+right", "cursor_right(True)", "select a character on", show=False, id="select-right"),
        Binding("shift+up", "cursor_up(True)", "select a row up", show=False, id="select-up"),
        Binding("shift+down", "cursor_down(True)", "select a row down", show=False, id="select-down"),
        Binding("ctrl+shift+left", "cursor_word_left(True)", "select a word back", show=False, id="select-word-left"),
        Binding("ctrl+shift+right", "cursor_word_right(True)", "select a word on", show=False, id="select-word-right"),
        Binding("shift+home", "cursor_line_start(True)", "select to the beginning", show=False, id="select-start"),
        Binding("shift+end", "cursor_line_end(True)", "select to the end", show=False, id="select-end"),
        Binding("backspace,ctrl+h", "delete_left", "delete the character before", show=False, id="delete-left"),
        Binding("delete,ctrl+d", "delete_right", "delete the character after", show=False, id="delete-right"),
    ]

    def __init__(self, *, keymap: Keymap, placeholder: str = "", id: str | None = None) -> None:
        """keymap: keys that the person chose."""
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
        self._ring = KillRing()
        self._done_before = ""  # the action of the key before
        self._yanked: tuple[Location, Location] | None = None  # where what was just put back stands
        self._actions = actions(self.all_bindings(), keymap)

    @classmethod
    def all_bindings(cls) -> list[BindingType]:
        """Those of this class, and before them those of the classes that it extends."""
        return [binding for each in reversed(cls.__mro__) if issubclass(each, Editor) for binding in each.BINDINGS]

    def action_of(self, key: str) -> str:
        """What a key does here; empty for those that are letters, or mean nothing."""
        return self._actions.get(key, "")

    async def _on_key(self, event: events.Key) -> None:
        action = self.action_of(event.key)
        if action:
            event.stop()
            event.prevent_default()
            await self.run_action(action)
        elif event.character in _JOINERS:
            event.stop()
            event.prevent_default()
            self.put(event.character)
        elif event.key.startswith("alt+") and event.is_printable:
            event.stop()  # a command that there is not, rather than its letter in the text
            event.prevent_default()
        self._done_before = action

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.put(clean(event.text))

    def put(self, text: str) -> None:
        """Insert `text` at the cursor, instead of what is selected."""
        result = self.replace(text, *self.selection, maintain_selection_offset=False)
        self.move_cursor(result.end_location)

    def write(self, text: str) -> None:
        """`text` instead of all that is there, with the cursor at its end."""
        self.load_text(text)
        self.move_cursor(self.document.end)

    # cutting and putting back

    def keep_cut(self, text: str) -> None:
        """Have `text` put back like what was cut."""
        self._ring.kill(text, before=False, goes_on=False)

    def action_kill_to_blank(self) -> None:
        self._kill(self._behind(_is_visible))

    def action_kill_word_left(self) -> None:
        self._kill(self._behind(_is_letter))

    def action_kill_word_right(self) -> None:
        row, column = self.cursor_location
        found = _WORD_AHEAD.match(self.document[row], column)
        self._kill((row, found.end() if found else len(self.document[row])))

    def action_kill_to_start(self) -> None:
        row, column = self.cursor_location
        self._kill((row, 0) if column else self._line_end(row - 1))

    def action_kill_to_end(self) -> None:
        row, column = self.cursor_location
        self._kill(self._line_end(row) if column < len(self.document[row]) else (row + 1, 0))

    def action_yank(self) -> None:
        self._yank(self.selection.start, self.selection.end, self._ring.newest())

    def action_yank_older(self) -> None:
        if self._done_before in ("yank", "yank_older") and self._yanked is not None:
            self._yank(*self._yanked, self._ring.turn())

    def action_transpose(self) -> None:
        row, column = self.cursor_location
        line = self.document[row]
        column = min(column + 1, len(line))
        if column >= 2:
            self.replace(line[column - 1] + line[column - 2], (row, column - 2), (row, column))
            self.move_cursor((row, column))

    def _behind(self, belongs: Callable[[str], object]) -> Location:
        """Where the word before the cursor begins; at the beginning of a line, the end of the line before."""
        row, column = self.cursor_location
        if column == 0:
            return self._line_end(row - 1)
        line = self.document[row]
        while column and not belongs(line[column - 1]):
            column -= 1
        while column and belongs(line[column - 1]):
            column -= 1
        return row, column

    def _line_end(self, row: int) -> Location:
        return (row, len(self.document[row])) if row >= 0 else (0, 0)

    def _kill(self, to: Location) -> None:
        """Cut from the cursor to `to`, or what is selected."""
        start, end = self.selection
        if start == end:
            end = min(to, self.document.end)
        low, high = sorted((start, end))
        goes_on = self._done_before.startswith("kill_")
        self._ring.kill(self.get_text_range(low, high), before=high == start, goes_on=goes_on)
        self.delete(low, high, maintain_selection_offset=False)

    def _yank(self, start: Location, end: Location, text: str) -> None:
        if text:
            low, high = sorted((start, end))
            result = self.replace(text, low, high, maintain_selection_offset=False)
            self.move_cursor(result.end_location)
            self._yanked = low, result.end_location

    # the real cursor

    def on_resize(self) -> None:
        # Textual notes where the cursor is before the composer has grown or shrunk, and leaves it there.
        self.call_after_refresh(self.place_cursor)

    def place_cursor(self) -> None:
        """Have the terminal's cursor stand where the next letter goes, if letters come here."""
        if self.app.focused is self:
            self.app.cursor_position = self.cursor_screen_offset
            self.refresh()


def clean(text: str) -> str:
    """`text` with what acts on terminals taken out; tabs stay."""
    return "\t".join(harmless(part, newlines=True) for part in text.replace("\r\n", "\n").split("\t"))


def location_at(text: str, index: int) -> Location:
    """Row and column of a character of `text`."""
    before = text[:index]
    return before.count("\n"), index - (before.rfind("\n") + 1)
