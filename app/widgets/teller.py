"""Where a notice goes: into the status bar if it fits there whole, else onto the notice board; the last are kept.

An answer is what somebody who just pressed a key waits for; it comes at once, and goes when they do the next thing.
News waits its turn.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime

from msgspec.structs import replace

from app.status import Notice
from app.widgets.notice_board import NoticeBoard
from app.widgets.status_bar import StatusBar

_KEPT = 100  # notices that /notices lists
_ANSWER = "what was just done"


class Teller:
    def __init__(self, bar: StatusBar, board: NoticeBoard) -> None:
        self.kept: deque[tuple[str, Notice]] = deque(maxlen=_KEPT)  # with the time of day
        self._bar = bar
        self._board = board

    def answer(self, notice: Notice) -> None:
        self.go_on()
        notice = replace(notice, about=notice.about or _ANSWER)
        if self._bar.has_room_for(notice):
            self._bar.answer(notice)
        else:
            self._board.answer(notice)

    def refuse(self, why: str) -> None:
        self.answer(Notice(why, urgent=True))

    def go_on(self) -> None:
        """The person does something else: what was answered before is read."""
        self.withdraw(_ANSWER)

    def done(self, command: str) -> None:
        """A command was given, as some notices say to do."""
        self._board.done(" ".join(command.split()))

    def withdraw(self, about: str) -> None:
        """What some notices were about is no more so."""
        self._bar.withdraw(about)
        self._board.withdraw(about)

    def tell(self, notice: Notice) -> None:
        self.kept.append((f"{datetime.now().astimezone():%H:%M}", notice))
        if notice.urgent or notice.matter or not self._bar.has_room_for(notice):
            self._board.tell(notice)
        else:
            self._bar.tell(notice)
