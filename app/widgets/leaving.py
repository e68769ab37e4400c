"""The question before one leaves while messages are on this computer alone: go all the same, or stay.

- It is asked about what was written since the start: what was left behind knowingly is not asked about again.
- It answers itself: as soon as somebody else has the messages, it goes.
- Nobody is asked who has nobody to send to, and signals ask nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from app.frontier import Frontier
from app.status import PeerPhase, PeerStatus
from app.text import one_line
from app.widgets.backend import ChatBackend
from app.widgets.outbox import Outbox
from app.wording import counted, listed

_MAX_COUNTED = 1_000  # messages; to look at more would take longer than a frame
_MAX_NAMED = 3
_LOOK_EVERY = 0.25  # seconds


def only_here(backend: ChatBackend, start: Frontier, outbox: Outbox) -> int:
    """How many own messages no other computer is known to hold; 0 if none of them came after `start`, or nobody is
    known who could get them. Those in the outbox count, on their way to the disk or waiting for what others hold."""
    log = backend.log
    if not (backend.statuses() or any(not record.refused for record in log.peers().values())):
        return 0
    own, saving = log.own_feed, outbox.pending
    held = backend.holdings.up_to().some if backend.holdings.feed == own else 0
    unheld = range(log.frontier()[own].seq, held, -1)[:_MAX_COUNTED]
    if own not in start:  # begun since: what it has of the one before is copied into it, which is no message of its own
        return len([seq for seq in unheld if seq > 1]) + saving
    messages = [seq for seq in unheld if log.entry_at(own, seq) is not None]
    return len(messages) + saving if saving or (messages and messages[0] > start[own].seq) else 0


def sentence(count: int, peers: Sequence[PeerStatus]) -> str:
    number = f"{counted(count, 'message')} {'are' if count > 1 else 'is'}"
    if count >= _MAX_COUNTED:
        number = f"{_MAX_COUNTED:,} messages or more are"
    them = "they go" if count > 1 else "it goes"
    there = [one_line(peer.name) for peer in peers if peer.phase is PeerPhase.CONNECTED]
    if there:
        when = f"on the way to {listed(there[:_MAX_NAMED], 'and')} now"
        return f"{number} only on this computer, {when}."
    names = [one_line(peer.name) for peer in peers][:_MAX_NAMED]
    return (
        f"{number} only on this computer; {them} out when you next meet {listed(names, 'or') if names else 'somebody'}."
    )


class LeaveScreen(ModalScreen[None]):
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "app.leave", "leave", id="leave-now"),
        Binding("escape", "dismiss", "stay", id="stay"),
    ]

    def __init__(self, count: Callable[[], int], peers: Callable[[], Sequence[PeerStatus]]) -> None:
        """count: of the messages that are only here."""
        super().__init__()
        self._count = count
        self._peers = peers

    def compose(self) -> ComposeResult:
        yield Static(self._content(self._count()), id="leave")

    def on_mount(self) -> None:
        self.set_interval(_LOOK_EVERY, self._look)

    async def _look(self) -> None:
        count = self._count()
        if count:
            self.query_one(Static).update(self._content(count))
        else:
            await self.run_action("app.leave")

    def _content(self, count: int) -> Content:
        return Content.assemble(
            (sentence(count, self._peers()), "bold"),
            "\n\nEnter or Ctrl+Q leaves now, Esc stays. Left alone, it waits until somebody has them, and leaves then.",
        )
