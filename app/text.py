"""Text by others, made harmless for a terminal: the one function that all output of foreign text goes through.

- No control character, bidi control or invisible trick is left; what acts on terminals becomes visible (U+FFFD).
- What scripts and emoji need stays: right-to-left letters, ZWJ and ZWNJ, variation selectors, combining marks.
- Harmless text is a fixed point: making it harmless again changes nothing.
"""

from __future__ import annotations

import functools
import re
import unicodedata

REPLACEMENT = "\ufffd"
TAB_WIDTH = 8  # what pasted terminal output was aligned to
MAX_MARKS = 4  # more on one letter is no script but a tower that grows over its neighbours' rows

_NEWLINE_LIKE = "\r\v\f\x85\u2028\u2029"
_CONTROL = "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff"
_INVISIBLE = (
    "\u00ad"  # soft hyphen
    "\u034f\u17b4\u17b5\u180e"  # grapheme joiner, Khmer inherent vowels, Mongolian vowel separator
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi marks, embeddings, overrides, isolates
    "\u200b\u2060-\u2065\u206a-\u206f\ufeff"  # zero-width space, word joiner, invisible operators, byte order mark
    "\u115f\u1160\u3164\uffa0"  # Hangul fillers
    "\ufff0-\ufffb"  # interlinear annotation, and the reserved code points that are to be ignored like it
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"  # shorthand and musical format controls
    "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"  # tags, and the rest of their plane except variation selectors
)
# Compiled when one is wanted: the first frame seldom has more than ASCII.
_pattern = functools.cache(re.compile)
_SPECIAL = f"[\t{_NEWLINE_LIKE}{_CONTROL}{_INVISIBLE}]"
_LINE_BREAK = f"\r\n|[{_NEWLINE_LIKE}]"
_CONTROLS = f"[{_CONTROL}]"
_INVISIBLES = f"[{_INVISIBLE}]+"
# Marks are neither word characters nor spaces. Only in a stretch of these can too many of them follow each other, so
# most text, in any script, never meets the loop over single characters.
_CROWD = rf"[^\w\s\x00-\x7f]{{{MAX_MARKS + 1},}}"
_JOINERS = frozenset("\u200c\u200d")


def harmless(text: str, *, newlines: bool) -> str:
    """`text` as a terminal may show it; line breaks as `\\n`, or as spaces where there is room for one line only."""
    if text.isascii() and text.isprintable():
        return text
    if _pattern(_SPECIAL).search(text):
        text = _pattern(_LINE_BREAK).sub("\n", text)
        text = _pattern(_INVISIBLES).sub("", text)
        text = _pattern(_CONTROLS).sub(REPLACEMENT, text).expandtabs(TAB_WIDTH)
    text = _pattern(_CROWD).sub(_thin_marks, text)
    return text if newlines else text.replace("\n", " ")


def one_line(text: str) -> str:
    """`text` as it may stand in a name, a title, a notice, a log line."""
    return harmless(text, newlines=False)


def escape_line(text: str) -> str:
    """`text` as one line of line mode: a line break as `\\n`, a backslash as `\\\\`."""
    return text.replace("\\", "\\\\").replace("\n", "\\n")


def _thin_marks(match: re.Match[str]) -> str:
    kept: list[str] = []
    stacked = spacing = 0
    for character in match[0]:
        category = unicodedata.category(character)
        if category in ("Mn", "Me") or character in _JOINERS:
            stacked += 1
        elif category == "Mc":  # takes room of its own: Burmese has syllables of five marks, three of them such
            spacing += 1
        else:
            stacked = spacing = 0
        if max(stacked, spacing) <= MAX_MARKS:
            kept.append(character)
    return "".join(kept)
