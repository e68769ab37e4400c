"""What line mode's lines look like: messages, peers and receipts as text or as JSON; input lines as what they ask.

- A line of text is harmless. A line of JSON keeps the exact text, in ASCII, so that it cannot act on a terminal either.
- Readers ignore JSON types and keys that they do not know; so they are added freely, and never change.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from msgspec import Struct

from app.acts import act
from app.amendments import Amendment, Deletion, Edit, Reaction
from app.entry import MAX_TEXT_BYTES, Reference
from app.errors import LocalEntryError
from app.status import OWN_DEVICE, Held, Notice, PeerPhase, PeerStatus
from app.text import escape_line, harmless, one_line
from app.timeline import Change, TimelineEntry

PLACEHOLDER = "[this version cannot show what was written here]"
DELETED = "[deleted by its author]"
MAX_TOLD = 60  # characters of a message that are told again when something is said about it
MAX_LINE_BYTES = MAX_TEXT_BYTES + 4096  # a little more than a message, so that the error can say how long it is
MAX_JSON_LINE_BYTES = 6 * MAX_TEXT_BYTES + 4096  # each byte of a text may be written as \\u00XX

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Say(Struct, frozen=True):
    """A message to send."""

    text: str


class Answer(Struct, frozen=True):
    """A message that answers the one at `feed` and `seq`."""

    feed: bytes
    seq: int
    text: str


class Amend(Struct, frozen=True):
    """Something about the message at `feed` and `seq`. how: what, of the message as others name it."""

    feed: bytes
    seq: int
    how: Callable[[Reference], Amendment]


class Do(Struct, frozen=True):
    """A command as in the screen's composer, for example `/quit`."""

    command: str


def message_line(entry: TimelineEntry, label: str) -> str:
    """label: what to call the author."""
    if entry.deleted:
        shown = DELETED
    elif (doing := act(entry.text)) is not None:
        return f"* {one_line(label)} {escape_line(harmless(doing, newlines=True))}\n"
    else:
        shown = PLACEHOLDER if entry.text is None else escape_line(harmless(entry.text, newlines=True))
    return f"{one_line(label)}> {shown}\n"


def message_json(entry: TimelineEntry, *, pinned: bool) -> str:
    """author: what they call themselves, unlike in a line of text; pinned: their key is the one that is known here
    for that name."""
    fields: dict[str, object] = {}
    if entry.deleted:
        fields = {"text": "", "deleted": True}
    elif entry.text is not None:
        fields = {"text": entry.text}
    if entry.entry.answers is not None:
        fields["answers"] = {"feed": entry.entry.answers.feed.hex(), "seq": entry.entry.answers.seq}
    if entry.amended is not None:
        if entry.amended.edited is not None:
            fields["edited"] = _rfc3339(entry.amended.edited)
        fields["reactions"] = {symbol: [key.hex() for key in keys] for symbol, keys in entry.amended.reactions}
    return _json(
        type="message" if fields else "unreadable",
        feed=entry.feed.hex(),
        seq=entry.seq,
        author=entry.name,
        key=entry.author.hex(),
        pinned=pinned,
        time=_rfc3339(entry.time) or _rfc3339(entry.arrival),
        **fields,
    )


def change_sentence(entry: TimelineEntry, change: Change, label: str) -> str:
    """What was said about a message that was printed before. label: what to call who said it."""
    text = one_line(entry.entry.text or PLACEHOLDER)
    told = text if len(text) <= MAX_TOLD else text[:MAX_TOLD] + "…"
    match change.amendment:
        case Edit(_, new):
            return f"{label} changed “{told}” to: {one_line(new)}"
        case Deletion():
            return f"{label} deleted “{told}”"
        case Reaction(_, symbol, given):
            return f"{label} {'reacts with' if given else 'takes back'} {symbol} to “{told}”"


def change_json(entry: TimelineEntry, change: Change) -> str:
    """feed and seq are the message's, author and key those of who says something about it."""
    match change.amendment:
        case Edit(_, text):
            fields: dict[str, object] = {"type": "edit", "text": text}
        case Deletion():
            fields = {"type": "deletion"}
        case Reaction(_, symbol, given):
            fields = {"type": "reaction", "symbol": symbol, "given": given}
    return _json(**fields, feed=entry.feed.hex(), seq=entry.seq, author=change.name, key=change.author.hex())


def peer_json(status: PeerStatus) -> str:
    detail = ": ".join(filter(None, (OWN_DEVICE if status.own else "", status.detail)))
    return _json(type="peer", name=status.name, state=status.phase.value, detail=detail)


def held_json(held: Held) -> str:
    return _json(type="held", seq=held.seq, by=list(held.by))


def notice_line(notice: Notice) -> str:
    """Without its end."""
    return f"{'error' if notice.urgent else 'info'}> {one_line(notice.text)}"


def peer_sentence(status: PeerStatus) -> str:
    """For a person; empty where there is nothing to say."""
    because = f": {status.detail}" if status.detail else ""
    match status.phase:
        case PeerPhase.CONNECTING:
            return ""  # again and again while somebody is away
        case PeerPhase.CONNECTED:
            return f"direct connection to {status.label}"
        case PeerPhase.LOST:
            return f"connection to {status.label} lost{because}"
        case PeerPhase.REFUSED:
            return f"no connection to {status.label}{because or ': refused'}"
        case PeerPhase.KNOCKING:
            return f"{status.label}{because or ' would like to join'}"


def read_text_line(line: bytes) -> Say | None:
    """What a line of text asks. None: nothing, it is empty."""
    text = _decode(line)
    return Say(text) if text.strip() else None


def read_typed_line(line: bytes) -> Say | Do | None:
    """The same of a line that a person has typed: one that begins with a slash is a command, two send one."""
    text = _decode(line)
    if text.startswith("/") and not text.startswith("//"):
        return Do(text)
    said = text[1:] if text.startswith("/") else text
    return Say(said) if said.strip() else None


def read_json_line(line: bytes) -> Say | Answer | Amend | Do | None:
    """What a line of JSON asks. What is said about a message has the form in which it is written to the output."""
    if not line.strip():
        return None
    try:
        match json.loads(_decode(line)):
            case {"type": "edit", "feed": str() as feed, "seq": int() as seq, "text": str() as text}:
                return Amend(bytes.fromhex(feed), seq, lambda message: Edit(message, text))
            case {"type": "deletion", "feed": str() as feed, "seq": int() as seq}:
                return Amend(bytes.fromhex(feed), seq, Deletion)
            case {"type": "reaction", "feed": str() as feed, "seq": int() as seq, "symbol": str() as symbol, **more}:
                given = more.get("given", True) is not False
                return Amend(bytes.fromhex(feed), seq, lambda message: Reaction(message, symbol, given))
            case {"text": str() as text, "answers": {"feed": str() as feed, "seq": int() as seq}}:
                return Answer(bytes.fromhex(feed), seq, text)
            case {"text": str() as text}:
                return Say(text)
            case {"command": str() as command}:
                return Do(command)
    except (ValueError, RecursionError):
        pass
    raise LocalEntryError('it is not JSON of the form {"text": "hello"} or {"command": "/quit"}')


def _decode(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        raise LocalEntryError(
            f"it is not UTF-8 (byte {error.start + 1}): convert it first, for example with iconv"
        ) from None


def _rfc3339(time: int) -> str | None:
    """time: microseconds since 1970. None after the year 9999, where RFC 3339 ends."""
    try:
        moment = _EPOCH + timedelta(microseconds=time)
    except OverflowError:
        return None
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def _json(**fields: object) -> str:
    return json.dumps(fields, separators=(",", ":")).replace("\x7f", "\\u007f") + "\n"
