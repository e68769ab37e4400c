"""Calls the person through the terminal: watches what lands, and rings (app.widgets.attention says when)."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.app import App

from app.errors import UsageError
from app.mentions import Mentions
from app.settings import Notify
from app.status import Notice
from app.timeline import TimelineEntry
from app.view_state import RoomView, Taste
from app.widgets.backend import ChatBackend
from app.widgets.message_pane import MessagePane
from app.widgets.presence import Presence

if TYPE_CHECKING:
    from app.widgets.attention import Attention, Whereabouts

_SAID = {
    Notify.OFF: "nothing calls you: no bell and no notice (/notify mentions, /notify all)",
    Notify.MENTIONS: "messages to you call you when you are elsewhere (/notify off, /notify all)",
    Notify.ALL: "each message calls you when you are elsewhere (/notify off, /notify mentions)",
}


class Caller:
    def __init__(
        self,
        app: App[None],
        backend: ChatBackend,
        pane: MessagePane,
        presence: Presence,
        *,
        mentions: Mentions,
        view: RoomView,
        taste: Taste,
        usual: Notify,
        write: Callable[[str], None],
    ) -> None:
        """usual: what calls the person unless they chose otherwise; write: a control sequence to the terminal."""
        self._usual = usual
        self._taste = taste
        self._app = app
        self._backend = backend
        self._pane = pane
        self._presence = presence
        self._write = write
        self._waiting = False
        self._mentions = mentions
        self._view = view
        self._lazy: Attention | None = None

    @property
    def _attention(self) -> Attention:
        if self._lazy is None:
            from app.widgets.attention import Attention  # not before something lands

            people = self._backend.people
            self._lazy = Attention(
                self._backend.log.author,
                self._mentions,
                wants=lambda: self._level,
                is_muted=lambda key: key in self._view.muted or people.is_refused(key),
                label=lambda entry: people.label(entry.author, entry.name),
                for_two=lambda: sum(not peer.own for peer in self._backend.statuses()) <= 1,
            )
        return self._lazy

    def choose(self, level: str) -> Notice:
        """level: a value of Notify, or nothing to hear which it is."""
        if level:
            try:
                self._taste.notify = Notify(level.lower()).value
            except ValueError:
                raise UsageError("what calls you? Type /notify off, /notify mentions or /notify all") from None
        return Notice(_SAID[self._level])

    @property
    def _level(self) -> Notify:
        try:
            return Notify(self._taste.notify)
        except ValueError:
            return self._usual

    def landed(self, entries: Iterable[TimelineEntry]) -> None:
        self._attention.landed(entries, self._where(), time.time_ns() // 1000)
        if not self._waiting:
            self._look()

    def _look(self) -> None:
        self._waiting = False
        call, wait = self._attention.due(self._where(), time.monotonic())
        if wait is not None:
            self._waiting = True
            self._app.set_timer(wait, self._look)
        if call is not None:
            self._app.run_worker(self._call(call.text), exit_on_error=False)

    async def _call(self, text: str) -> None:
        from app import desktop_notices  # not before somebody is called

        self._write(desktop_notices.BELL)
        if not text:
            return
        title = f"chat-tui: {self._backend.room}"
        if desktop_notices.in_tmux(os.environ):
            from app.widgets.errands import terminal_outside_tmux

            form = desktop_notices.form_of(await asyncio.to_thread(terminal_outside_tmux))
            self._write(desktop_notices.through_tmux(desktop_notices.sequence(form, title, text)))
        else:
            form = desktop_notices.form(os.environ)
            self._write(desktop_notices.sequence(form, title, text))

    def _where(self) -> Whereabouts:
        from app.widgets.attention import Whereabouts

        if self._presence.is_away(time.monotonic()):
            return Whereabouts.AWAY
        at_the_end = self._pane.following and self._app.screen is self._pane.screen
        return Whereabouts.HERE if at_the_end else Whereabouts.ELSEWHERE
