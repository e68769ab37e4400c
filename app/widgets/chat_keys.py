"""The keys of the chat, whatever has the focus.

With priority: the composer would take them, or insert the letter of an Alt key.
"""

from __future__ import annotations

from textual.binding import Binding, BindingType

_JUMPS = {"to_start", "to_end", "to_unread", "to_late", "jump_back"}
ON_THE_CHAT_ALONE = frozenset({"page_up", "page_down", "search", "message_mode", "palette"} | _JUMPS)

CHAT_BINDINGS: list[BindingType] = [
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
