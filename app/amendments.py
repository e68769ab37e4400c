"""What entries say about other entries after the fact: edits, deletions and reactions.

- Nothing is rewritten. An amendment is an entry of its own; what a reader sees is worked out from all that are here.
- The outcome depends on the entries alone, never on the order of their arrival: of edits, and of what one author says
  with one reaction, the latest counts (by its time, then by its digest). A deletion is final.
- Only the author of a message edits or deletes it. What anybody else says to that end is kept, and without effect.
"""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

from app.entry import (
    KIND_DELETION,
    KIND_EDIT,
    KIND_REACTION,
    MAX_TEXT_BYTES,
    Entry,
    Reference,
    check_text,
    decode_reference,
    encode_reference,
)
from app.errors import LocalEntryError
from app.text import one_line

MAX_REACTION_BYTES = 64  # the longest emoji have 35


class Edit(Struct, frozen=True):
    """Another text for a message of one's own."""

    target: Reference
    text: str


class Deletion(Struct, frozen=True):
    """A message of one's own is not to be shown any more."""

    target: Reference


class Reaction(Struct, frozen=True):
    """symbol: an emoji, or a word such as +1; given: False takes it back."""

    target: Reference
    symbol: str
    given: bool


Amendment: TypeAlias = Edit | Deletion | Reaction


class Amended(Struct, frozen=True):
    """How a message stands after all amendments that are here.

    text: what it says now, None if it was not edited; edited: when the author says to have edited it last,
    microseconds since 1970; reactions: (symbol, public keys of who gives it), most given first.
    """

    text: str | None = None
    edited: int | None = None
    deleted: bool = False
    reactions: tuple[tuple[str, tuple[bytes, ...]], ...] = ()


def text_now(entry: Entry, amended: Amended | None) -> str | None:
    """What a message says after its amendments; None if that cannot be shown, or was deleted."""
    if amended is None:
        return entry.text
    return None if amended.deleted else amended.text or entry.text


def decode_amendment(entry: Entry) -> Amendment | None:
    """None for what is none, or cannot be read: it changes nothing then."""
    match entry.kind, entry.payload:
        case 3, (reference, str() as text, *_) if len(text.encode()) <= MAX_TEXT_BYTES and text.strip():
            target = decode_reference(reference)
            return None if target is None else Edit(target, text)
        case 5, (reference, *_):
            target = decode_reference(reference)
            return None if target is None else Deletion(target)
        case 7, (reference, str() as symbol, bool() as given, *_) if is_symbol(symbol):
            target = decode_reference(reference)
            return None if target is None else Reaction(target, symbol, given)
    return None


def encode_amendment(amendment: Amendment) -> tuple[int, object]:
    """(kind, payload) of the entry that says it."""
    target = encode_reference(amendment.target)
    match amendment:
        case Edit():
            return KIND_EDIT, [target, amendment.text]
        case Deletion():
            return KIND_DELETION, [target]
        case Reaction():
            return KIND_REACTION, [target, amendment.symbol, amendment.given]


def check_amendment(amendment: Amendment) -> None:
    """Raises LocalEntryError if it cannot be said."""
    match amendment:
        case Edit(_, text):
            check_text(text)
        case Reaction(_, symbol):
            check_symbol(symbol)


def is_symbol(text: str) -> bool:
    """Whether it can be a reaction: short, without spaces, and shown as it is written."""
    return (
        0 < len(text.encode(errors="replace")) <= MAX_REACTION_BYTES
        and one_line(text) == text
        and not any(character.isspace() for character in text)
    )


def check_symbol(text: str) -> str:
    """`text` itself if it can be a reaction."""
    if not is_symbol(text):
        raise LocalEntryError(f"a reaction is one emoji or a short word of {MAX_REACTION_BYTES} bytes at most")
    return text
