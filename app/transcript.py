"""The timeline as a file for people: text, JSON Lines as of line mode, or a page for a browser.

- In reading order, as it stands now: what was edited says so, what was deleted is not there.
- Text by others is harmless in text, escaped in HTML, and exact in JSON, in ASCII. The page has no scripts, and loads
  nothing.
- On the page each name and text runs in its own direction, and moves nothing around it: a right-to-left name would
  otherwise take the time, the brackets and the first words to its side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import tzinfo
from html import escape
from typing import BinaryIO

from app.command import ExportFormat
from app.line_format import DELETED, PLACEHOLDER, message_json
from app.moments import local
from app.people import People
from app.text import harmless, one_line
from app.timeline import FIRST_KEY, TimelineEntry, TimelineReader

PAGE = 200  # messages read at a time
_QUOTED = 60  # characters of what is answered

_HTML_START = """<!DOCTYPE html>
<html lang="und">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em; color: #222; background: #fff }}
h2 {{ font-size: 1em; border-bottom: 1px solid #ccc; margin: 2em 0 .5em }}
bdi {{ unicode-bidi: plaintext }}
p {{ margin: .3em 0; white-space: pre-wrap; overflow-wrap: anywhere }}
time, small {{ color: #777; font-size: .85em }}
i {{ color: #777 }}
blockquote {{ margin: .3em 0 0 1em; padding-left: .6em; border-left: 3px solid #ccc; color: #555 }}
@media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #1a1a1a }} }}
</style>
</head>
<body>
<h1>chat-tui, room {room}</h1>
"""
_HTML_END = "</body>\n</html>\n"


def write_transcript(
    file: BinaryIO,
    timeline: TimelineReader,
    people: People,
    *,
    form: ExportFormat,
    room: str,
    progress: Callable[[int, int], object],
    zone: tzinfo | None = None,
) -> int:
    """Write all messages. zone: of times in text and HTML, None for the computer's own. How many there were."""
    total = timeline.count()
    number = 0
    writer = {ExportFormat.TEXT: _text, ExportFormat.JSONL: _jsonl, ExportFormat.HTML: _html}[form]
    if form is ExportFormat.HTML:
        file.write(_HTML_START.format(title=escape(one_line(f"chat-tui, room {room}")), room=_apart(room)).encode())
    day = ""
    for entry in _all(timeline):
        moment = local(entry.time, zone)
        today = "at an unknown date" if moment is None else f"{moment:%Y-%m-%d}"
        clock = "--:--:--" if moment is None else f"{moment:%H:%M:%S}"
        new_day, day = today != day, today
        file.write(writer(entry, people, today if new_day else "", clock).encode("utf-8", "replace"))
        number += 1
        progress(number, total)
    if form is ExportFormat.HTML:
        file.write(_HTML_END.encode())
    return number


def _all(timeline: TimelineReader) -> Iterator[TimelineEntry]:
    key = FIRST_KEY
    while page := timeline.after(key, PAGE):
        yield from page
        key = page[-1].key


def _jsonl(entry: TimelineEntry, people: People, _day: str, _clock: str) -> str:
    return message_json(entry, pinned=people.is_pinned(entry.author, entry.name))


def _text(entry: TimelineEntry, people: People, day: str, clock: str) -> str:
    quoted = _quoted(entry, people)
    answered = "" if quoted is None else f"(to {quoted[0]}: “{quoted[1]}”) "
    lines = harmless(f"{answered}{_said(entry)}", newlines=True).split("\n")
    head = f"{clock}  {one_line(people.label(entry.author, entry.name))}: "
    body = "\n".join([head + lines[0], *("          " + line for line in lines[1:])])
    remarks = "".join(f"  {remark}" for remark in _remarks(entry))
    return f"{f'— {day} —' if day else ''}{chr(10) if day else ''}{body}{remarks}\n"


def _html(entry: TimelineEntry, people: People, day: str, clock: str) -> str:
    quoted = _quoted(entry, people)
    said = _apart(_said(entry), newlines=True)
    remarks = "".join(f" <small>{_apart(remark)}</small>" for remark in _remarks(entry))
    return (
        (f"<h2>{day}</h2>\n" if day else "")
        + (f"<blockquote>(to {_apart(quoted[0])}: “{_apart(quoted[1])}”)</blockquote>\n" if quoted else "")
        + f"<p><time>{clock}</time> <b>{_apart(people.label(entry.author, entry.name))}</b> "
        + (said if entry.text is not None and not entry.deleted else f"<i>{said}</i>")
        + f"{remarks}</p>\n"
    )


def _apart(text: str, *, newlines: bool = False) -> str:
    """Text by others as markup."""
    return f"<bdi>{escape(harmless(text, newlines=newlines))}</bdi>"


def _said(entry: TimelineEntry) -> str:
    """What it says now."""
    if entry.deleted:
        return DELETED
    return entry.text if entry.text is not None else PLACEHOLDER


def _remarks(entry: TimelineEntry) -> list[str]:
    """What is to be said about it."""
    amended = entry.amended
    if entry.deleted or amended is None:
        return []
    edited = ["(changed)"] if amended.edited is not None else []
    return edited + [f"{one_line(symbol)} {len(keys)}" for symbol, keys in amended.reactions]


def _quoted(entry: TimelineEntry, people: People) -> tuple[str, str] | None:
    """Whom it answers, and what they said."""
    quote = entry.quote
    if quote is None:
        return None
    said = one_line(quote.text or PLACEHOLDER)
    return people.label(quote.author, quote.name), said if len(said) <= _QUOTED else said[:_QUOTED] + "…"
