"""Opening an address of a message: the only one at once, of several the one whose number is pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.errors import LocalEntryError
from app.status import Notice
from app.text import harmless
from app.timeline import TimelineEntry
from app.widgets.wrap import shorten

if TYPE_CHECKING:
    from app.widgets.errands import Opener

MOST = 9  # as many as there are keys
_MAX_TOLD = 30  # cells of an address


class LinkChoice:
    def __init__(self, copy: Callable[[str], None], answer: Callable[[Notice], None]) -> None:
        """copy: into the clipboard, when nothing here opens addresses; answer: tells who just pressed a key."""
        self._copy = copy
        self._answer = answer
        self._waiting: Sequence[str] = ()
        self._opener: Opener | None = None

    def begin(self, entry: TimelineEntry) -> str:
        """What to press for which address; nothing if there was one only, which is opened."""
        from app.links import links

        shown = harmless(entry.text or "", newlines=True)
        addresses = list(dict.fromkeys(link.target for link in links(shown)))[:MOST]
        if not addresses:
            raise LocalEntryError("there is no link in this message")
        if len(addresses) == 1:
            self.follow(addresses[0])
            return ""
        self._waiting = addresses
        return "  ".join(f"{number} {_told(address)}" for number, address in enumerate(addresses, 1))

    def choose(self, number: int) -> bool:
        """Whether that was the number of an address."""
        waiting, self._waiting = self._waiting, ()
        if not 1 <= number <= len(waiting):
            return False
        self.follow(waiting[number - 1])
        return True

    def forget(self) -> None:
        self._waiting = ()

    def follow(self, address: str) -> None:
        if self._opener is None:
            from app.widgets.errands import Opener  # not before somebody follows one

            self._opener = Opener()
        if self._opener.open(address):
            self._answer(Notice(f"opening {address}"))
        else:
            self._copy(address)
            self._answer(Notice(f"nothing here opens links, so it is copied: {address}"))


def _told(address: str) -> str:
    return shorten(address.removeprefix("https://").removeprefix("http://"), _MAX_TOLD)
