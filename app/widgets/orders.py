"""Carries out what is typed, and what Ctrl+P lists: one method for each row of `commands.COMMANDS`.

- A method raises ChatError for an argument that it cannot use; the text then stays in the composer.
- What opens a screen of its own is loaded when somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from textual.app import App
from textual.binding import BindingType
from textual.widget import Widget

from app import commands, start_up
from app.acts import PREFIX
from app.amendments import Deletion, Edit
from app.commands import Decide, Hint, Run, Say, name_and_text
from app.entry import Reference, check_text
from app.errors import ChatError, LocalEntryError
from app.last_words import last_by, last_own, quoted
from app.muting import Muting
from app.status import Notice
from app.widgets import sheets
from app.widgets.backend import ChatBackend
from app.widgets.caller import Caller
from app.widgets.composer import Composer
from app.widgets.inputs import Inputs
from app.widgets.keys import Keymap, Place
from app.widgets.message_mode import MessageMode
from app.widgets.message_pane import MessagePane
from app.widgets.outbox import Outbox
from app.widgets.purpose import Aim
from app.widgets.reading import Reading
from app.widgets.teller import Teller

if TYPE_CHECKING:
    from app.widgets.info_screen import Row
    from app.widgets.palette import Deed
    from app.widgets.search_screen import Chosen

MUTED = "a row each, nothing unread and no calls"


class Orders:
    def __init__(
        self,
        app: App[None],
        backend: ChatBackend,
        *,
        bindings: Sequence[BindingType],
        keymap: Keymap,
        outbox: Outbox,
        inputs: Inputs,
        teller: Teller,
        pane: MessagePane,
        composer: Composer,
        message_mode: MessageMode,
        reading: Reading,
        muting: Muting,
        caller: Caller,
        zone: tzinfo | None,
        moment: Callable[[int], str],
        choose_theme: Callable[[str], None],
        leave: Callable[[], None],
        changed: Callable[[], None],
        sent: Callable[[], None],
    ) -> None:
        """bindings: of the chat; keymap: keys that the person chose; zone: of dates, None for the computer's own;
        moment: says a time that has passed; changed: something is to be kept; sent: a message is on its way."""
        self._app = app
        self._backend = backend
        self._bindings = bindings
        self._keymap = keymap
        self._outbox = outbox
        self._inputs = inputs
        self._teller = teller
        self._pane = pane
        self._composer = composer
        self._message_mode = message_mode
        self._reading = reading
        self._muting = muting
        self._caller = caller
        self._zone = zone
        self._moment = moment
        self._choose_theme = choose_theme
        self._leave = leave
        self._changed = changed
        self._sent = sent
        self._about_to_delete: Reference | None = None

    def submit(self, text: str) -> bool:
        """Take over what the composer holds; False leaves it there."""
        self._teller.go_on()
        if not text.strip():
            return False
        if self._message_mode.purpose is not None:
            self._fulfil(text)
            return False  # the composer holds the draft again, or what could not be sent
        return self.carry_out(text)

    def _fulfil(self, text: str) -> None:
        purpose = self._message_mode.purpose
        try:
            self._message_mode.fulfil(text)
        except ChatError as error:
            self._teller.refuse(str(error))
        else:
            if purpose is not None and purpose.aim is Aim.REPLY:
                self._inputs.add(text)
        self._sent()

    def carry_out(self, text: str) -> bool:
        """Send or do what was typed; False, and why, if that cannot be."""
        command = commands.read(text)
        if not isinstance(command, Say | Hint):
            self._teller.done(text)
        try:
            match command:
                case Say(said):
                    self._outbox.put(check_text(said.strip("\n")))
                    self._sent()
                case Run(order, argument):
                    getattr(self, f"command_{order.name}")(argument)
                case Decide(decision):
                    self._teller.answer(self._backend.command(decision))
                case Hint(hint):
                    self._teller.answer(Notice(hint))
                    return False
        except ChatError as error:
            self._teller.refuse(str(error))
            return False
        return True

    def palette(self) -> None:
        from app.widgets.deeds import deeds
        from app.widgets.palette import PaletteScreen

        def do(chosen: Deed | str | None) -> None:
            if isinstance(chosen, str):
                self.carry_out(chosen)
            elif chosen is not None:
                chosen.do()

        listed = deeds(self._bindings, self._keymap, act=self._act, command=self.carry_out)
        self._app.push_screen(PaletteScreen(listed), do)

    def _act(self, place: Place, action: str) -> None:
        """Carry out what a key does in its place."""
        target: Widget | App[None] = self._app
        if place is Place.PANE:
            target = self._pane
            if self._pane.pointed_at is None:
                self._message_mode.toggle()
        elif place is Place.COMPOSER:
            target = self._composer
        self._app.call_later(self._app.run_action, action, target)

    def command_help(self, _: str) -> None:
        from app.widgets.help import help_rows

        sheets.show(self._app, "Help", lambda: help_rows(self._bindings, self._keymap))

    def command_keys(self, _: str) -> None:
        from app.widgets.help import name_rows

        sheets.show(self._app, "Keys", lambda: name_rows(self._bindings, self._keymap))

    def command_peers(self, _: str) -> None:
        def rows() -> list[Row]:
            peers = sheets.peer_rows(self._backend.statuses(), self._moment)
            return [*peers, *self._reading.clocks.rows(), *self._muting.rows()]

        sheets.show(self._app, "Who is there", rows)

    def command_why(self, name: str) -> None:
        self._backend.why(name)
        # What came of each dial is told by nobody.
        sheets.show(self._app, "The way to the others", lambda: sheets.way_rows(self._backend.why(name)), every=1.0)

    def command_forks(self, name: str) -> None:
        from app.fork_words import fork_rows

        rows = fork_rows(self._backend.log.forks(), self._backend.people, name, zone=self._zone)
        sheets.show(self._app, "Said in two ways", lambda: rows)

    def command_notices(self, _: str) -> None:
        sheets.show(self._app, "Notices", lambda: sheets.notice_rows(self._teller.kept))

    def command_me(self, doing: str) -> None:
        if not doing:
            raise LocalEntryError("say what you do, as in: /me waves")
        self._outbox.put(check_text(PREFIX + doing))
        self._sent()

    def command_reply(self, words: str) -> None:
        name, said = name_and_text(words)
        _, target = last_by(name, self._backend.log, self._backend.people)
        self._outbox.put(check_text(said), lambda text: self._backend.log.reply(text, target))
        self._sent()

    def command_edit(self, said: str) -> None:
        _, target = last_own(self._backend.log)
        self._outbox.put(check_text(said), lambda text: self._backend.log.amend(Edit(target, text)))
        self._sent()

    def command_delete(self, _: str) -> None:
        entry, target = last_own(self._backend.log)
        if self._about_to_delete != target:
            self._about_to_delete = target
            self._teller.answer(Notice(f"/delete again deletes {quoted(entry)} on all screens"))
            return
        self._about_to_delete = None
        self._outbox.put("", lambda _: self._backend.log.amend(Deletion(target)))

    def command_search(self, words: str) -> None:
        from app.widgets.search_screen import SearchScreen

        start_up.keep()

        def go_to(found: Chosen | None) -> None:
            if found is not None:
                self._reading.jump(lambda: self._message_mode.go_to(found.hits, found.which, found.terms))

        self._app.push_screen(SearchScreen(self._backend.log, self._backend.people, self._zone, words), go_to)

    def command_date(self, date: str) -> None:
        from app.days import day_range, today

        time = day_range(date, self._zone, today(self._zone))[0]
        self._reading.jump(lambda: self._pane.to_time(time))

    def command_notify(self, level: str) -> None:
        self._teller.answer(self._caller.choose(level))
        self._changed()

    def command_mute(self, name: str) -> None:
        self._muted(self._muting.mute(name))

    def command_unmute(self, name: str) -> None:
        self._muted(self._muting.unmute(name))

    def _muted(self, notice: Notice) -> None:
        self._teller.answer(notice)
        self._pane.look_out_anew()
        self._reading.renamed()
        self._changed()

    def command_theme(self, name: str) -> None:
        self._choose_theme(name)

    def command_quit(self, _: str) -> None:
        self._composer.load_text("")
        self._leave()
