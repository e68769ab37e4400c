"""What was cut with the keys of readline, to be put back: the newest first, and by turning the ring the older ones.

- Pieces that are cut one right after the other are one, in the order in which they stood.
"""

from __future__ import annotations

from collections import deque

MAX_PIECES = 60  # as many as in Emacs: nobody turns further


class KillRing:
    def __init__(self) -> None:
        self._pieces: deque[str] = deque(maxlen=MAX_PIECES)  # the newest first

    def kill(self, text: str, *, before: bool, goes_on: bool) -> None:
        """before: `text` stood before the cursor; goes_on: nothing else was done since the last piece was cut."""
        if not text:
            return
        if goes_on and self._pieces:
            newest = self._pieces[0]
            self._pieces[0] = text + newest if before else newest + text
        else:
            self._pieces.appendleft(text)

    def newest(self) -> str:
        """Empty if nothing was cut."""
        return self._pieces[0] if self._pieces else ""

    def turn(self) -> str:
        """The piece that was cut before the newest; after as many turns as there are pieces, the newest again."""
        self._pieces.rotate(-1)
        return self.newest()
