"""The keys of message mode, and what they do about the message that is pointed at."""

from __future__ import annotations

from enum import Enum

from textual.binding import Binding, BindingType

ORIGINAL, FOLD = "original", "fold"  # keys that mean something for some messages only


class What(Enum):
    """What can be done about a message."""

    REPLY = "reply"
    EDIT = "edit"
    DELETE = "delete"
    REACT = "react"
    COPY = "copy"
    OPEN = "open"
    DETAILS = "details"
    OLDER_HIT = "older hit"
    NEWER_HIT = "newer hit"


PANE_BINDINGS: list[BindingType] = [
    Binding("up,k", "older", "an older message", id="point-older"),
    Binding("down,j", "newer", "a newer message", id="point-newer"),
    Binding("g", "original", "go to what it answers", tooltip="original", id=ORIGINAL),
    Binding("space", "fold", "open a long text, or close it", tooltip="unfold", id=FOLD),
    Binding("r", f"choose('{What.REPLY.value}')", "answer it", tooltip="answer", id="answer"),
    Binding("e", f"choose('{What.EDIT.value}')", "change it, if it is mine", tooltip="change", id="change"),
    Binding("d", f"choose('{What.DELETE.value}')", "delete it, if it is mine; twice", tooltip="delete", id="delete"),
    Binding(
        "plus",
        f"choose('{What.REACT.value}')",
        "react to it; the same again takes it back",
        tooltip="react",
        id="react",
    ),
    Binding("y", f"choose('{What.COPY.value}')", "copy its text", tooltip="copy", id="copy-text"),
    Binding("o", f"choose('{What.OPEN.value}')", "open its link, or ask which", tooltip="open", id="open-link"),
    Binding("n", f"choose('{What.OLDER_HIT.value}')", "to the next of what was found", id="next-found"),
    Binding("N", f"choose('{What.NEWER_HIT.value}')", "back to the one before", id="previous-found"),
    Binding(
        "i,enter",
        f"choose('{What.DETAILS.value}')",
        "who wrote it, when, and who has it",
        tooltip="more",
        id="details",
    ),
    Binding("1", "number(1)", "the first of several links; 2 to 9: the others", id="first-link"),
    *(Binding(str(number), f"number({number})", show=False) for number in range(2, 10)),
]
