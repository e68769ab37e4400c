"""The keys of the chat, whatever has the focus, and what each of them does.

With priority: the composer would take them, or insert the letter of an Alt key.
The app is made of two classes for the reader's sake alone: this one has the keys, ChatApp what they act on.
"""

from __future__ import annotations

from asyncio import Event
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal

from app.status import Notice
from app.widgets import sheets
from app.widgets.composer import Composer
from app.widgets.message_mode import MessageMode
from app.widgets.message_pane import MessagePane
from app.widgets.notice_board import NoticeBoard
from app.widgets.orders import Orders
from app.widgets.peer_places import PeerPlaces
from app.widgets.reading import Reading
from app.widgets.status_bar import StatusBar
from app.widgets.teller import Teller
from app.widgets.terminal_app import TerminalApp
from app.wording import counted

_JUMPS = {"to_start", "to_end", "to_unread", "to_late", "jump_back"}
ON_THE_CHAT_ALONE = frozenset({"page_up", "page_down", "search", "message_mode", "palette"} | _JUMPS)


class ChatKeys(TerminalApp):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pageup", "page_up", "a page up", priority=True, id="page-up"),
        Binding("pagedown", "page_down", "a page down", priority=True, id="page-down"),
        Binding("alt+home,ctrl+home", "to_start", "the first message", priority=True, id="oldest"),
        Binding("alt+end,ctrl+end", "to_end", "the newest message; there, all is read", priority=True, id="newest"),
        Binding("alt+u", "to_unread", "the first unread message", priority=True, id="first-unread"),
        Binding("alt+l", "to_late", "what came late among older messages; then back", priority=True, id="late"),
        Binding("alt+r", "jump_back", "return to before the last jump", priority=True, id="return"),
        Binding("escape", "acknowledge", "close a notice, or go on with it", priority=True, id="close-notice"),
        Binding("f6", "message_mode", "point at a message: answer, change, react", priority=True, id="point"),
        Binding("ctrl+f", "search", "find messages", priority=True, id="search"),
        Binding("f1", "help", "help", priority=True, id="help"),
        Binding("f2", "fold_peers", "put away who is there, or show it again", priority=True, id="fold-peers"),
        Binding("ctrl+c,super+c", "copy", "copy what is selected; never ends the chat", priority=True, id="copy"),
        Binding("ctrl+p", "palette", "all that can be done, by name", priority=True, id="palette"),
        Binding("ctrl+l", "refresh_all", "draw the screen anew", priority=True, id="redraw"),
        Binding("ctrl+q", "leave", "leave; the draft is kept", priority=True, id="leave"),
    ]

    _composer: Composer
    _message_mode: MessageMode
    _notice_board: NoticeBoard
    _orders: Orders
    _pane: MessagePane
    _peers: PeerPlaces
    _reading: Reading
    _room: Horizontal
    _status_bar: StatusBar
    _teller: Teller
    to_keep: Event

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "acknowledge":
            return not self.screen.is_modal and (
                self._composer.busy or bool(self._notice_board.notice) or self._message_mode.busy
            )
        return not (action in ON_THE_CHAT_ALONE and self.screen.is_modal)

    def action_page_up(self) -> None:
        self._pane.page_up()

    def action_page_down(self) -> None:
        self._pane.page_down()

    def action_to_start(self) -> None:
        self._reading.jump(self._pane.to_start)

    def action_to_end(self) -> None:
        self._reading.to_end()

    def action_to_unread(self) -> None:
        self._reading.to_unread()

    def action_to_late(self) -> None:
        self._reading.to_late()

    def action_jump_back(self) -> None:
        self._reading.back()

    def action_acknowledge(self) -> None:
        if self._composer.busy:
            self._composer.back()
        elif self._notice_board.notice:
            self._notice_board.acknowledge()
        else:
            self._message_mode.back()

    def action_message_mode(self) -> None:
        self._message_mode.toggle()

    def action_search(self) -> None:
        self._orders.command_search("")

    def action_help(self) -> None:
        if sheet := sheets.shown(self):
            sheet.dismiss()
        else:
            self._orders.command_help("")

    def action_fold_peers(self) -> None:
        self._peers.fold(self.size.width, self._room)
        self.to_keep.set()

    def action_copy(self) -> None:
        text = self._composer.selected_text or self.screen.get_selected_text()
        if text:
            self._copy(text)
        else:
            self._status_bar.answer(Notice("Ctrl+C copies what is selected; Ctrl+Q leaves"))

    def _copy(self, text: str) -> None:
        characters = counted(len(text), "character")
        if self.can_copy(text):
            self.copy_to_clipboard(text)
            self._teller.answer(Notice(f"copied {characters}"))
        else:
            self._teller.refuse(f"{characters} are too many for the terminal's clipboard: select less")

    def action_palette(self) -> None:
        self._orders.palette()

    def action_refresh_all(self) -> None:
        """For a terminal that something else has written to."""
        self.refresh(layout=True)
