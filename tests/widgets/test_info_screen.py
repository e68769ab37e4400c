"""A sheet has what is said beside its term, or below it where there is no room."""

from __future__ import annotations

import pytest

from app.widgets.info_screen import InfoScreen
from tests.widgets.chats import LocalChat
from tests.widgets.screens import chat, opened, rows

__all__ = ["chat"]

SAID = "what it does, in so many words that they do not fit into one row beside the term"


@pytest.mark.parametrize(
    ("width", "shown"),
    [
        (
            80,
            [
                "Enter  what it does, in so many words that they do not fit into one row",
                "       beside the term",
                "Alt+Enter, Shift+Enter, Ctrl+J",
                "       new line",
            ],
        ),
        (
            40,
            [
                "Enter",
                "  what it does, in so many words that",
                "  they do not fit into one row beside",
                "  the term",
                "Alt+Enter, Shift+Enter, Ctrl+J",
                "  new line",
            ],
        ),
    ],
)
async def test_what_goes_on_stands_where_it_began(chat: LocalChat, width: int, shown: list[str]) -> None:
    async with opened(chat, width=width) as (app, pilot):
        app.push_screen(InfoScreen("Keys", lambda: [("Enter", SAID), ("Alt+Enter, Shift+Enter, Ctrl+J", "new line")]))
        await pilot.pause()
        await pilot.pause()
        inside = [row.strip() and row[1:-1].rstrip() for row in rows(app)]
        start = next(index for index, row in enumerate(inside) if row.startswith("Enter"))
        assert inside[start : start + len(shown)] == shown
