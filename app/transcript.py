"""The timeline as a file for people: text, JSON Lines as of line mode, or a page for a browser.

- In reading order, as it stands now: what was edited says so, what was deleted is not there.
- Text by others is harmless in text, escaped in HTML, and exact in JSON, in ASCII. The page has no scripts, and loads
  nothing.
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
p {{ margin: .3em 0; white-space: pre-wrap; overflow-wrap: anywhere }}
time, small {{ color: #777; font-size: .85em }}
i {{ color: #777 }}
blockquote {{ margin: .3em 0 0 1em; padding-left: .6em; border-left: 3px solid #ccc; color: #555 }}
@media (prefers-color-scheme: dark) {{ body {{ color: #ddd; background: #1a1a1a }} }}
</style>
</head>
<body>
<h1>{title}</h1>
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
    title = escape(one_line(f"chat-tui, room {room}"))
    if form is ExportFormat.HTML:
        file.write(_HTML_START.format(title=title).encode())
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
    text, remarks = _said(entry)
    answered = _answered(entry, people)
    lines = harmless(f"{answered}{text}", newlines=True).split("\n")
    head = f"{clock}  {one_line(people.label(entry.author, entry.name))}: "
    body = "\n".join([head + lines[0], *("          " + line for line in lines[1:])])
    return f"{f'— {day} —' if day else ''}{chr(10) if day else ''}{body}{remarks}\n"


def _html(entry: TimelineEntry, people: People, day: str, clock: str) -> str:
    text, remarks = _said(entry)
    answered = _answered(entry, people)
    name = escape(one_line(people.label(entry.author, entry.name)))
    said = escape(harmless(text, newlines=True))
    return (
        (f"<h2>{day}</h2>\n" if day else "")
        + (f"<blockquote>{escape(one_line(answered))}</blockquote>\n" if answered else "")
        + f"<p><time>{clock}</time> <b>{name}</b> {said if entry.text is not None else f'<i>{said}</i>'}"
        + (f" <small>{escape(one_line(remarks))}</small>" if remarks else "")
        + "</p>\n"
    )


def _said(entry: TimelineEntry) -> tuple[str, str]:
    """What it says now, and what is to be said about that."""
    if entry.deleted:
        return DELETED, ""
    amended = entry.amended
    edited = "  (changed)" if amended is not None and amended.edited is not None else ""
    given = () if amended is None else amended.reactions
    reactions = "".join(f"  {one_line(symbol)} {len(keys)}" for symbol, keys in given)
    return entry.text if entry.text is not None else PLACEHOLDER, edited + reactions


def _answered(entry: TimelineEntry, people: People) -> str:
    quote = entry.quote
    if quote is None:
        return ""
    said = one_line(quote.text or PLACEHOLDER)
    short = said if len(said) <= _QUOTED else said[:_QUOTED] + "…"
    return f"(to {people.label(quote.author, quote.name)}: “{short}”) "
