"""What is being written and is to be there after a restart, also before there is a composer, and when it is gone."""

from __future__ import annotations

import contextlib

from app.view_state import RoomView
from app.widgets.composer import Composer
from app.widgets.message_mode import MessageMode


class Drafting:
    def __init__(self, draft: str, view: RoomView) -> None:
        """draft: what the composer begins with; view: keeps what is written for a message."""
        self._draft = draft
        self._unsaved = ""
        self._view = view

    def begin(self, composer: Composer, message_mode: MessageMode) -> None:
        """Fill the composer."""
        self._composer = composer
        self._message_mode = message_mode
        if self._draft:
            composer.restore(self._draft)
        if self._view.writing is not None:
            message_mode.go_on_writing(self._view.writing)

    @property
    def draft(self) -> str:
        """What is in the composer, or was when the screen went; what waits there while it has another purpose."""
        self.keep()
        return "\n".join(filter(None, (self._unsaved, self._draft)))

    def keep(self) -> None:
        """Remember it as it is now."""
        with contextlib.suppress(Exception):  # as long as there is a composer that can be asked
            purpose = self._message_mode.purpose
            self._draft = self._composer.draft if purpose is None else purpose.draft
            self._view.writing = self._message_mode.writing

    def add(self, text: str) -> None:
        """Keep what could not be saved, and came back when there was no composer any more."""
        self._unsaved = "\n".join(filter(None, (self._unsaved, text)))
