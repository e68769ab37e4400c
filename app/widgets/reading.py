"""Keeps count of what is read while the screen is there, says so, and takes the reader to what is not, and back.

- What is drawn while somebody looks is read (presence.py, read_state.py). Nothing moves by itself for it.
- Late messages are told a moment after they came, unless they have been seen by then: bulk comes in pieces.
- Each jump can be taken back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import tzinfo

from app.status import Notice
from app.timeline import Landed, TimelineEntry
from app.view_state import RoomView
from app.widgets.backend import ChatBackend
from app.widgets.clock_watch import ClockWatch
from app.widgets.message_pane import MessagePane
from app.widgets.presence import GLANCE, Presence
from app.widgets.read_state import ReadState
from app.widgets.scrollback import Spot
from app.widgets.signs import Signs
from app.widgets.status_bar import StatusBar
from app.widgets.teller import Teller
from app.widgets.trail import Trail

_CATCH_UP_PAUSE = 0.1  # seconds, in which letters are drawn
_LATE_PAUSE = 1.0  # seconds
_LATE = "late messages"  # what notices are about


class Reading:
    def __init__(
        self,
        backend: ChatBackend,
        pane: MessagePane,
        bar: StatusBar,
        teller: Teller,
        view: RoomView,
        *,
        changed: Callable[[], None],
        zone: tzinfo | None,
    ) -> None:
        """changed: called when what is read, and how much is not, may be another."""
        self._log = backend.log
        self.state = ReadState(backend.log, backend.people, view, zone)
        self.presence = Presence(time.monotonic())
        self.clocks = ClockWatch(backend.log, backend.people, teller)
        self._pane = pane
        self._bar = bar
        self._teller = teller
        self._changed = changed
        self._trail = Trail[Spot]()
        self._late_from: Spot | None = None  # where the reader was before they looked at what is late
        self._catching_up = self._telling = self._told = False

    @property
    def unread(self) -> int:
        return self.state.unread + self.state.late

    def begin(self) -> None:
        """After the first frame, before anything lands."""
        self._pane.signs = Signs(self._log, self.state.is_late)
        self.state.begin()
        self._catch_up()
        self._pane.signs_changed(self.state.rule)  # what crossed has no sign in the first frame
        self._pane.set_timer(GLANCE, self.look)

    def landed(self, landed: Landed) -> None:
        """Before the pane draws it."""
        if not landed.others:
            self.state.landed(landed.entries)
            self.clocks.landed(landed.entries)
            self._tell_late_soon()
        elif not self._catching_up:
            self._catch_up()

    def look(self) -> None:
        """What is on the screen was drawn, or may be read now."""
        if not self._pane.is_attached:  # the screen is gone, or a key came before it
            return
        entries = self._pane.on_screen
        looks = self.presence.looks(time.monotonic()) and self._pane.screen is self._pane.app.screen
        if self.state.drawn(entries, looks=looks):
            self._pane.signs_changed(self.state.rule)
        if self._told and not self.state.late:
            self._told = False
            self._teller.withdraw(_LATE)
        standing = self.state.standing(entries, following=self._pane.following)
        self._bar.show_position(standing.text, standing.keys)
        self._changed()

    def comes(self) -> None:
        """The window has the focus."""
        self.presence.comes(time.monotonic())
        self._pane.set_timer(GLANCE, self.look)

    def goes(self) -> None:
        self.presence.goes()

    def acts(self) -> None:
        """A key, or the mouse."""
        now = time.monotonic()
        looked = self.presence.looks(now)
        self.presence.acts(now)
        if not looked:
            self.look()

    def renamed(self) -> None:
        """Somebody is refused or muted now, or no more."""
        self.state.count_again()
        self.look()

    def to_unread(self) -> None:
        entry = self.state.first_unread() or self.state.first_late()
        if entry is None:
            self._teller.answer(Notice("nothing is unread"))
        else:
            self.jump(lambda: self._pane.bring(entry.key))

    def to_late(self) -> None:
        """To what came late, and when all of that was seen, back to where the reader was before."""
        entry = self.state.first_late()
        if entry is not None:
            self._late_from = self._late_from or self._pane.spot()
            self.jump(lambda: self._pane.bring(entry.key))
        elif self._late_from is not None:
            there, self._late_from = self._late_from, None
            self.jump(lambda: self._pane.return_to(there))
        else:
            self._teller.answer(Notice("nothing came late"))

    def to_end(self) -> None:
        """To the newest message; who is there already does not want to see what is left."""
        if self._pane.following:
            self.state.read_all()
            self.look()
        else:
            self.jump(self._pane.to_end)

    def to_original(self, answer: TimelineEntry) -> None:
        """To what a message answers."""
        reference = answer.entry.answers
        original = None
        if reference is not None and answer.quote is not None:
            original = self._log.entry_at(reference.feed, reference.seq)
        if original is not None:
            self._point_at(original)
        elif reference is None:
            self._teller.refuse("this message answers none")
        else:
            self._teller.refuse("the message that it answers is not here")

    def _point_at(self, entry: TimelineEntry) -> None:
        self.jump(lambda: self._pane.point_at(entry))

    def jump(self, go: Callable[[], None]) -> None:
        """Go somewhere, so that one can come back."""
        self._trail.leave(self._pane.spot())
        go()

    def back(self) -> None:
        spot = self._trail.back()
        if spot is None:
            self._teller.answer(Notice("there is no jump to take back"))
        else:
            self._pane.return_to(spot)

    def _catch_up(self) -> None:
        self._catching_up = self.state.catch_up()
        if self._catching_up:
            self._pane.set_timer(_CATCH_UP_PAUSE, self._catch_up)
        self.look()
        self._tell_late_soon()

    def _tell_late_soon(self) -> None:
        if self.state.late and not self._telling:
            self._telling = True
            self._pane.set_timer(_LATE_PAUSE, self._tell_late)

    def _tell_late(self) -> None:
        self._telling = False
        told = self.state.tell_late(round(time.time() * 1_000_000))
        if told:
            self._told = True
            self._teller.tell(Notice(told, about=_LATE))
