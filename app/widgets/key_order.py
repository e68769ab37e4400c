"""Keys and pasted texts, each handed on when what the one before it did is done: fast fingers and slow links send
several at once.

- The toolkit gives keys to what has the focus at that moment, and lets some act before letters that are still queued.
- Letters that follow letters go on at once, where they are written in order, and so does the same key again.
- Nothing is dropped: what does not say that it is done is waited for a moment, and no longer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.widgets import Input, TextArea

_LONGEST = 2.0  # seconds; also on a busy computer a screen has come or gone by then
_PAUSE = 0.005  # seconds, until it is looked again whether it has come
# What a key does may tell the chat something, which may then move the focus, which is told again.
_ROUNDS = 3


class Round(Message):
    """Goes the way that a key goes, behind it: where it comes, all that was under way before it has come."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


class KeyOrder:
    def __init__(self, app: App[Any], hand_on: Callable[[events.Event], Awaitable[None]]) -> None:
        """app: gives each Round that it gets to `came`; hand_on: lets an event do what it does."""
        self._app = app
        self._hand_on = hand_on
        # As many as the terminal has sent: they would wait in the app's own queue.
        self._held: deque[events.Key | events.Paste] = deque()
        self._letters = False  # some went on that are not known to have been written
        self._last = ""  # the key before, if it was no character
        self._rounds = 0  # that are still to come
        self._number = 0
        self._until = 0.0
        self._late: asyncio.TimerHandle | None = None  # brings a round that has lost its way

    async def take(self, event: events.Key | events.Paste) -> None:
        self._held.append(event)
        if not self._rounds or (len(self._held) == 1 and self._is_again(event)):
            await self._go_on()

    async def came(self, number: int) -> None:
        """A round has come."""
        if number != self._number or not self._rounds or self._is_over():
            return
        self._rounds -= 1
        if self._rounds:
            self._send_round()
        elif self._is_empty_screen():
            self._rounds = 1
            asyncio.get_running_loop().call_later(_PAUSE, self._send_round)
        else:
            await self._go_on()

    async def _go_on(self) -> None:
        while self._held and self._is_letter(self._held[0]):
            self._letters = True
            await self._hand_on(self._held.popleft())
        if self._held and self._letters:
            self._letters = False
            self._wait(1)
        elif self._held:
            event = self._held.popleft()
            self._last = event.key if isinstance(event, events.Key) and not event.is_printable else ""
            await self._hand_on(event)
            self._wait(_ROUNDS)

    def _is_letter(self, event: events.Key | events.Paste) -> bool:
        """Whether it is written where the focus is, and does nothing else."""
        return isinstance(event, events.Key) and event.is_printable and isinstance(self._app.focused, Input | TextArea)

    def _is_again(self, event: events.Key | events.Paste) -> bool:
        return isinstance(event, events.Key) and event.key == self._last

    def _is_over(self) -> bool:
        """Whether the app ends, and all keys with it."""
        return not self._app.is_running or not self._app.screen_stack

    def _is_empty_screen(self) -> bool:
        """Whether a screen has just been opened, and what keys are for is not there yet."""
        screen = self._app.screen
        coming = screen.focused is None and (not screen.children or bool(screen.focus_chain))
        return screen.is_modal and coming and self._now() < self._until

    def _wait(self, rounds: int) -> None:
        self._rounds = rounds
        self._until = self._now() + _LONGEST
        self._send_round()

    def _send_round(self) -> None:
        if self._is_over():
            return
        self._number += 1
        if self._late is not None:
            self._late.cancel()
        self._late = asyncio.get_running_loop().call_later(_LONGEST, self._app.post_message, Round(self._number))
        (self._app.focused or self._app.screen).post_message(Round(self._number))

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
