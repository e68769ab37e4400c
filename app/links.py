"""Addresses in a message: where they stand, and what a terminal or a browser may be given for them.

- What is shown is the address itself, so that it cannot say one thing and lead elsewhere.
- What makes a mail program attach a file of this computer is no address.
- What is given away is printable ASCII without spaces, quotes or backslashes. A name of a computer in other letters
  is given in its ASCII form (`xn--…`), which shows that it only looks like one that somebody knows.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

from msgspec import Struct

MAX_LINKS = 100  # in one message; a page of addresses is no message, and each costs the terminal
MAX_LENGTH = 2083  # what terminals that keep addresses keep of one
MAX_NAME = 253  # of a computer, as the DNS has it; to put longer ones into ASCII takes tens of milliseconds

# Without what no address has and a sentence around one often does; U+FFFD stands for what would act on a terminal.
PATTERN = r"""(?<![\w])(?:https?://|ftp://|mailto:)[^\s<>"'`\\^{|}“”‘’«»\ufffd\x00-\x1f\x7f-\x9f]+"""
_find_all = re.compile(PATTERN, re.IGNORECASE).finditer
_AT_END = ".,;:!?*_~…"  # what more often ends the sentence than the address
_PAIRS = {")": "(", "]": "["}
_SAFE = "!#$%&'()*+,-./:;=?@[]_~"


class Link(Struct, frozen=True):
    """Characters `start` to `end` of a text are an address; target: what may be given to a terminal or a browser."""

    start: int
    end: int
    target: str


def links(text: str) -> list[Link]:
    """The addresses in harmless `text`, in order; at most MAX_LINKS."""
    found: list[Link] = []
    if ":" not in text:
        return found
    for match in _find_all(text):
        address = trimmed(match[0])
        target = _target(address)
        if target is not None:
            found.append(Link(match.start(), match.start() + len(address), target))
            if len(found) == MAX_LINKS:
                break
    return found


def trimmed(address: str) -> str:
    """`address` without what belongs to the sentence around it."""
    end = len(address)
    while end:
        last = address[end - 1]
        opener = _PAIRS.get(last)
        if last not in _AT_END and (
            opener is None or address.count(opener, 0, end) >= address.count(last, 0, end) or end > MAX_LENGTH
        ):
            break
        end -= 1
    return address[:end]


def _target(address: str) -> str | None:
    if len(address) > MAX_LENGTH:
        return None
    try:
        parts = urlsplit(address)
        if parts.scheme == "mailto":
            attaches = any(name.lower().startswith("attach") for name, _ in parse_qsl(parts.query, True))
            return quote(address, safe=_SAFE) if "@" in parts.path and not attaches else None
        host = parts.hostname
        if not host or len(host) > MAX_NAME:
            return None
        place = parts.netloc
        if not place.isascii():
            if "@" in place:  # whose name is it, before or after the sign? nobody needs such an address
                return None
            place = host.encode("idna").decode() + (f":{parts.port}" if parts.port is not None else "")
        return quote(urlunsplit(parts._replace(netloc=place)), safe=_SAFE)
    except ValueError:  # no address after all: brackets without an end, a port that is none, a name that cannot be
        return None
