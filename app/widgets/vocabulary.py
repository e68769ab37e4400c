"""The words that can be completed in this chat: who is here, as of now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo

from app.text import one_line
from app.timeline import LAST_KEY
from app.widgets.backend import ChatBackend
from app.widgets.completion import Vocabulary

_RECENT = 100  # messages in which who speaks is looked for: a page of them takes well under a frame


def vocabulary(
    chat: ChatBackend, zone: tzinfo | None, arguments: Mapping[str, Callable[[], Sequence[str]]]
) -> Vocabulary:
    """zone: of days, None for the computer's own; arguments: what else can stand after a command."""

    def names() -> list[str]:
        recent = [entry.name for entry in chat.log.before(LAST_KEY, _RECENT) if not entry.own]
        named = [status.name for status in chat.statuses() if not status.own]
        return _once([*reversed(recent), *named, *(said for _, said in chat.people.others())])

    def labels() -> list[str]:
        named = [status.name for status in chat.statuses() if not status.own]
        return _once([*named, *(label for label, _ in chat.people.others())])

    return Vocabulary(names, labels, lambda: datetime.now(zone).date(), arguments)


def _once(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(map(one_line, names)))
