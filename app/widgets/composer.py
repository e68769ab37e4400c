"""Where messages are written: several lines, and no key that loses a draft.

- Enter submits; the draft goes only when it was accepted, within the same key press, so that no later key is lost.
- `:tada:` becomes its emoji with the last colon, where one sees it and can take it back; never in what is pasted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.binding import Binding, BindingType

from app.entry import MAX_TEXT_BYTES
from app.widgets.editor import Editor, clean, location_at
from app.widgets.inputs import Inputs
from app.widgets.keys import Keymap, key_names
from app.widgets.purpose import PurposeLine, told

if TYPE_CHECKING:  # not before somebody completes, or looks for something
    from app.widgets.completer import Completer
    from app.widgets.completion import Vocabulary
    from app.widgets.lookup import Lookup

MAX_DRAFT = 16 * MAX_TEXT_BYTES  # characters: more would make every key press slow, and cannot be sent anyway
_NEAR = 1_024  # bytes before the limit: some lines, so that one can still come to an end
_MOST_BYTES = 4  # of a character


class Composer(Editor):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "send", id="send"),
        Binding("alt+enter,shift+enter,ctrl+j", "new_line", "new line", id="new-line"),
        Binding("tab", "complete(1)", "complete a name, a command, an :emoji; again: the next", id="complete"),
        Binding("shift+tab", "complete(-1)", "the one before", id="complete-back"),
        Binding("up", "up", "a row up; in the first row, what was sent before", id="up"),
        Binding("down", "down", "a row down; in the last row, what was sent after that", id="down"),
        Binding("ctrl+r", "look_up", "look for what was sent before; again: the one before", id="look-up"),
    ]

    def __init__(
        self,
        submit: Callable[[str], bool],
        refuse: Callable[[str], None],
        inputs: Inputs,
        line: PurposeLine,
        words: Callable[[], Vocabulary],
        *,
        keymap: Keymap,
        placeholder: str = "",
        id: str | None = None,
    ) -> None:
        """submit: takes a text over, or says False; refuse: tells the person why something cannot be done; inputs:
        what was sent before; line: for what is looked up or completed; words: that can be completed; keymap: keys that
        the person chose."""
        super().__init__(keymap=keymap, placeholder=placeholder, id=id)
        self._submit = submit
        self._refuse = refuse
        self._inputs = inputs
        self._line = line
        self._words = words
        self._completer: Completer | None = None  # while something is being completed
        self._lookup: Lookup | None = None

    @property
    def draft(self) -> str:
        """What is written; while something is looked up, what waits."""
        return self.text if self._lookup is None else self._lookup.draft

    @property
    def busy(self) -> bool:
        """Whether there is something to go back from."""
        return self._lookup is not None or self._completer is not None

    def back(self) -> None:
        """To what was written before it was completed, or before something was looked up."""
        if self._completer is not None:
            self._completer.back()
            self._completer = None
        if self._lookup is not None:
            self.write(self._lookup.draft)
            self._end_lookup()

    def length(self) -> str:
        """How far what is written is from what can be sent, once that is near; else nothing."""
        text = self.text
        if len(text) * _MOST_BYTES < MAX_TEXT_BYTES - _NEAR:
            return ""
        left = MAX_TEXT_BYTES - len(text.encode("utf-8", "replace"))
        if left < 0:
            return f"! {-left:,} bytes too many"
        return f"{left:,} bytes left" if left <= _NEAR else ""

    def restore(self, text: str) -> None:
        """Put back a text that could not be sent, before what has been typed since."""
        self.back()
        since = self.text
        self.write(clean(f"{text}\n{since}" if since.strip() else text))

    async def _on_key(self, event: events.Key) -> None:
        action = self.action_of(event.key)
        if not action.startswith("complete("):
            self._end_completing()
        if self._lookup is not None and action != "look_up" and self._looks_for(event, action):
            event.stop()
            event.prevent_default()
        elif event.character == ":" and not action:
            event.stop()
            event.prevent_default()
            self._type_colon()

    async def _on_paste(self, event: events.Paste) -> None:
        self._end_completing()
        self._end_lookup()
        if len(event.text) + len(self.text) > MAX_DRAFT:
            event.stop()
            event.prevent_default()
            self._refuse(
                f"what was pasted has {len(event.text):,} characters; a message has at most {MAX_TEXT_BYTES:,}"
            )

    def on_blur(self) -> None:
        self._end_completing()
        self.back()

    def action_send(self) -> None:
        text = self.text
        if self._submit(text):
            self._inputs.add(text)
            self.load_text("")

    def action_new_line(self) -> None:
        self.put("\n")

    def action_complete(self, by: int) -> None:
        """Where there is no word, the keys go on to whatever else takes keys, as everywhere."""
        from app.widgets.completer import Completer

        row, column = self.cursor_location
        completer = self._completer or Completer(self, self._line, self._words())
        if completer.step(by):
            self._completer = completer if completer.busy else None
            return
        if column == 0 or self.document[row][column - 1].isspace():
            if by > 0:
                self.screen.focus_next()
            else:
                self.screen.focus_previous()
        else:
            self._refuse("nothing begins so: Tab completes names, /commands and :emoji")

    def _end_completing(self) -> None:
        """What stands there is taken."""
        if self._completer is not None:
            self._completer.end()
            self._completer = None

    # what was sent before

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

    def action_look_up(self) -> None:
        from app.widgets.lookup import Lookup

        if self._lookup is None:
            self._lookup = Lookup(self._inputs, self.text)
        else:
            self._lookup.older()
        self._show_lookup()

    @property
    def _row(self) -> int:
        """In which row on the screen the cursor stands, from the text's first."""
        return self.wrapped_document.location_to_offset(self.cursor_location).y

    def _recall(self, text: str | None) -> None:
        if text is not None:
            self.write(text)

    def _looks_for(self, event: events.Key, action: str) -> bool:
        """Whether a key was meant for what is looked up; else what was found is taken, and the key acts on it."""
        lookup = self._lookup
        if lookup is None:
            return False
        if action == "delete_left":
            lookup.rub_out()
        elif event.is_printable and event.character and not action:
            lookup.type(event.character)
        else:
            lookup.take()
            self._end_lookup()
            return action == "send"
        self._show_lookup()
        return True

    def _show_lookup(self) -> None:
        lookup = self._lookup
        if lookup is not None:
            self.write(lookup.found or lookup.draft)
            if lookup.found:
                self.move_cursor(location_at(lookup.found, lookup.place()))
            self._line.lend(told([lookup.sentence()], "Enter takes it  Esc back"))

    def _end_lookup(self) -> None:
        if self._lookup is not None:
            self._lookup = None
            self._line.take_back()

    # emoji

    def _type_colon(self) -> None:
        from app.widgets import emoji

        cursor = self.cursor_location
        before = self.get_text_range((0, 0), cursor)
        named = emoji.named(before) if self.selection.is_empty else None
        self.put(":")
        if named is not None:
            # A change of its own, so that taking it back leaves the name.
            start, sign = named
            self.history.checkpoint()
            self.replace(sign, location_at(before, start), self.cursor_location)


def send_keys(keymap: Keymap) -> str:
    """By which keys a message is sent."""
    return _keys("send", keymap)


def put_back_keys(keymap: Keymap) -> str:
    """By which keys comes back what was cut."""
    return _keys("yank", keymap)


def _keys(name: str, keymap: Keymap) -> str:
    bindings = [each for each in Composer.all_bindings() if isinstance(each, Binding) and each.id == name]
    return ", ".join(key_names(binding, keymap) for binding in bindings)
