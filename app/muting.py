"""Muting somebody: `/mute` and `/unmute`. It is by key, in this room, and nobody is told."""

from __future__ import annotations

from app.errors import UsageError
from app.names import name_key
from app.people import People
from app.status import Notice
from app.text import one_line
from app.view_state import RoomView


class Muting:
    def __init__(self, me: bytes, people: People, view: RoomView, effect: str) -> None:
        """effect: what it means that somebody is muted."""
        self._me = me
        self._people = people
        self._view = view
        self._effect = effect

    def mute(self, name: str) -> Notice:
        """`name`: as the screen shows it, or as people call themselves; nothing to hear who is muted."""
        if not name:
            return self._who()
        keys = set(self._called(name)) - {self._me}
        if not keys:
            raise UsageError("your own messages cannot be muted")
        self._view.muted |= keys
        return Notice(f"{one_line(name)} is muted: {self._effect}; /unmute {one_line(name)} ends it")

    def unmute(self, name: str) -> Notice:
        if not name:
            return self._who()
        keys = self._view.muted & set(self._called(name))
        if not keys:
            raise UsageError(f"{one_line(name)} is not muted")
        self._view.muted -= keys
        return Notice(f"{one_line(name)} is not muted any more")

    def rows(self) -> list[tuple[str, str]]:
        """For the list of who is there."""
        names = self._names()
        return [("", ""), ("muted", ", ".join(names))] if names else []

    def _who(self) -> Notice:
        names = self._names()
        return Notice(f"muted: {', '.join(names)}" if names else "nobody is muted: /mute NAME")

    def _names(self) -> list[str]:
        known = self._people.known()
        unknown = "somebody whose words are not here"
        return sorted(
            one_line(self._people.label(key, known[key])) if key in known else unknown for key in self._view.muted
        )

    def _called(self, name: str) -> list[bytes]:
        wanted = name_key(name)
        named = {key: (self._people.label(key, said), said) for key, said in self._people.known().items()}
        shown = [key for key, (label, _) in named.items() if name_key(label) == wanted]
        found = shown or [key for key, (_, said) in named.items() if name_key(said) == wanted]
        if not found:
            raise UsageError(f"nobody here is called {one_line(name)}: /peers has the names")
        return found
