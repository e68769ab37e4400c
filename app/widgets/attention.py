"""Calls the person when a message wants them and they are not there: the bell, and a notice on the desktop.

- Somebody is there who looks at the end of the chat. Elsewhere in it they hear the bell; away they also get the notice.
- A message that was written long ago and comes only now calls nobody, nor does one by somebody who is muted.
- A notice says who, and never what: a desktop is seen by others, and keeps a list.
- At most one call in `PAUSE` seconds; what comes in between is summed up in the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum

from msgspec import Struct, field

from app.mentions import Mentions
from app.settings import Notify
from app.text import one_line
from app.timeline import TimelineEntry

PAUSE = 10.0  # seconds
RECENT = 10 * 60 * 1_000_000  # microseconds: so far back somebody who writes now may have begun, with a clock like ours
_MAX_NAMED = 3  # people in a notice


class Whereabouts(Enum):
    """Where the person is."""

    HERE = "here"
    ELSEWHERE = "elsewhere in the chat"
    AWAY = "away"


class Call(Struct, frozen=True):
    """text: for a notice on the desktop, empty if the bell is enough."""

    text: str = ""


class _Wanted(Struct):
    """What has come since the last call. mentions: how many of the messages are about me."""

    messages: int = 0
    mentions: int = 0
    names: dict[str, None] = field(default_factory=dict)


class Attention:
    def __init__(
        self,
        me: bytes,
        mentions: Mentions,
        *,
        wants: Callable[[], Notify],
        is_muted: Callable[[bytes], bool],
        label: Callable[[TimelineEntry], str],
        for_two: Callable[[], bool],
    ) -> None:
        """me: my key; label: what the author is called; for_two: whether only one other person is in the chat, whose
        messages are all meant for me."""
        self._me = me
        self._mentions = mentions
        self._wants = wants
        self._is_muted = is_muted
        self._label = label
        self._for_two = for_two
        self._wanted = _Wanted()
        self._called_at: float | None = None

    def landed(self, entries: Iterable[TimelineEntry], where: Whereabouts, wall: int) -> None:
        """Entries have become durable. wall: microseconds since 1970."""
        level = self._wants()
        if level is Notify.OFF or where is Whereabouts.HERE:
            self._wanted = _Wanted()
            return
        for entry in entries:
            if entry.own or entry.change is not None or entry.text is None or self._is_muted(entry.author):
                continue
            if entry.time < wall - RECENT:
                continue
            meant = self._is_meant(entry)
            if level is Notify.ALL or meant:
                self._wanted.messages += 1
                self._wanted.mentions += meant
                if len(self._wanted.names) <= _MAX_NAMED:
                    self._wanted.names[one_line(self._label(entry))] = None

    def due(self, where: Whereabouts, now: float) -> tuple[Call | None, float | None]:
        """What to do now, and in how many seconds to ask again. now: seconds of a clock that only goes forward."""
        if where is Whereabouts.HERE:
            self._wanted = _Wanted()
        if not self._wanted.messages:
            return None, None
        if self._called_at is not None and now < self._called_at + PAUSE:
            return None, self._called_at + PAUSE - now
        wanted, self._wanted = self._wanted, _Wanted()
        self._called_at = now
        return Call(_told(wanted) if where is Whereabouts.AWAY else ""), None

    def _is_meant(self, entry: TimelineEntry) -> bool:
        answered = entry.quote is not None and entry.quote.author == self._me
        return answered or self._for_two() or (entry.text or "") in self._mentions


def _told(wanted: _Wanted) -> str:
    names = list(wanted.names)
    who = ", ".join(names[:_MAX_NAMED]) + (" and others" if len(names) > _MAX_NAMED else "")
    if wanted.messages == 1:
        return f"{who} wrote to you" if wanted.mentions else f"{who} wrote"
    for_me = f", {wanted.mentions} of them to you" if 0 < wanted.mentions < wanted.messages else ""
    return f"{wanted.messages:,} messages{' to you' if wanted.mentions == wanted.messages else ''} from {who}{for_me}"
