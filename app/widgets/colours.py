"""Colours that can be read: authors' names in hues far apart, and a theme's own colours for text, on any background."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.color import Color

CONTRAST = 4.5  # as WCAG 2.2 asks for text (1.4.3)
_HUES = ("#61afef", "#e5c07b", "#98c379", "#e88ad0", "#56c2b6", "#e8916a", "#b39df3", "#f07f8c")
_STEPS = 20
_MOST = 64  # authors who are told apart so; in a larger crowd nobody knows people by their colour
_ANSI = 6  # of the terminal's own colours: all but black and white


def contrast(one: Color, other: Color) -> float:
    """From 1 (the same) to 21, as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=32)  # backgrounds: a few for each theme that is tried
def author_colours(*grounds: Color) -> tuple[str, ...]:
    """Colours that can be read on all of `grounds`, as #rrggbb."""
    return tuple(readable(Color.parse(hue), *grounds).hex for hue in _HUES)


class Hues:
    """Who has which hue: of their key's own, if it is free, else the next one. Nobody's changes when others come."""

    def __init__(self, order: list[bytes]) -> None:
        """order: public keys of those who have one, the first first; who gets one is added."""
        self._order = order
        self._numbers: dict[int, dict[bytes, int]] = {}  # by how many hues there are

    def number(self, author: bytes, hues: int) -> int:
        """Which of so many hues: one of two people who share it only if there are more people than hues."""
        if author not in self._order:
            if len(self._order) >= _MOST:
                return _own(author, hues)
            self._order.append(author)
            self._numbers.clear()
        if hues not in self._numbers:
            self._numbers[hues] = _shared_out(self._order, hues)
        return self._numbers[hues][author]


def _shared_out(order: list[bytes], hues: int) -> dict[bytes, int]:
    owners = [0] * hues
    numbers = {}
    for author in order:
        number = _own(author, hues)
        while owners[number] > min(owners):
            number = (number + 1) % hues
        owners[number] += 1
        numbers[author] = number
    return numbers


def _own(author: bytes, hues: int) -> int:
    return int.from_bytes(author[:4]) % hues


def author_style(author: bytes, hues: Hues, *grounds: Color, ansi: bool) -> Style:
    """The look of an author's name. ansi: with the terminal's own colours."""
    if ansi:
        return Style(color=f"color({1 + hues.number(author, _ANSI)})", bold=True)
    colours = author_colours(*grounds)
    return Style(color=colours[hues.number(author, len(colours))], bold=True)


def readable(colour: Color, *grounds: Color) -> Color:
    """`colour`, or the nearest on its way to black or white that can be read on all of `grounds`."""

    def worst(shade: Color) -> float:
        return min(contrast(shade, ground) for ground in grounds)

    if worst(colour) >= CONTRAST:
        return colour
    end = max(Color(0, 0, 0), Color(255, 255, 255), key=worst)
    ways = (colour.blend(end, step / _STEPS) for step in range(1, _STEPS))
    return next((way for way in ways if worst(way) >= CONTRAST), end)


def _luminance(colour: Color) -> float:
    red, green, blue = (_linear(part) for part in colour.normalized)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
