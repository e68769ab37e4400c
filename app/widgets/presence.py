"""Whether somebody looks at the screen: what stands there then counts as read. Pure: times are passed in.

- Who presses a key looks, and for a minute after it; somebody who went for a coffee comes back to what is unread.
- Who comes to the window looks after a glance, so that the unread are seen to be that before they are read.
- In a window without the focus nobody looks. Terminals that do not tell are taken to have it.
"""

from __future__ import annotations

GLANCE = 2.0  # seconds
IDLE = 60.0  # seconds


class Presence:
    def __init__(self, now: float) -> None:
        """now: seconds of a clock that only goes forward. Whoever starts the chat comes to the window."""
        self.focused = True
        self._from = now + GLANCE
        self._until = self._from + IDLE

    def comes(self, now: float) -> None:
        """The window has the focus."""
        self.focused = True
        if not self._from <= now < self._until:
            self._from = now + GLANCE
        self._until = now + GLANCE + IDLE

    def goes(self) -> None:
        """Another window has it."""
        self.focused = False
        self._until = self._from

    def acts(self, now: float) -> None:
        """A key was pressed, or the mouse moved: not without the focus."""
        self.focused = True
        self._from = min(self._from, now) if now < self._until else now
        self._until = now + IDLE

    def is_away(self, now: float) -> bool:
        """Whether nobody sees what comes: longer than it takes to look around, they look elsewhere."""
        return not self.focused or now >= self._until

    def looks(self, now: float) -> bool:
        return self.focused and self._from <= now < self._until
