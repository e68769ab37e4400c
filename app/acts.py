"""What somebody does, instead of says: `/me waves` is shown as `* alice waves`.

It is a message like any other, whose text begins so: programs that do not know of it show the text.
"""

from __future__ import annotations

PREFIX = "/me "


def act(text: str | None) -> str | None:
    """What its author does, without their name; None for a message that says something."""
    if text is None or not text.startswith(PREFIX):
        return None
    return text[len(PREFIX) :].strip() or None
