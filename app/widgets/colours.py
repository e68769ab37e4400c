"""Colours that can be read: authors' names in hues far apart, and a theme's own colours for text, on any background."""

from __future__ import annotations

from functools import lru_cache

from rich.style import Style
from textual.color import Color

CONTRAST = 4.5  # as WCAG 2.2 asks for text (1.4.3)
_HUES = ("#61afef", "#e5c07b", "#98c379", "#e88ad0", "#56c2b6", "#e8916a", "#b39df3", "#f07f8c")
_STEPS = 20
_ANSI = 6  # of the terminal's own colours: all but black and white


def contrast(one: Color, other: Color) -> float:
    """From 1 (the same) to 21, as WCAG 2.2 defines it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@lru_cache(maxsize=32)  # backgrounds: a few for each theme that is tried
def author_colours(*grounds: Color) -> tuple[str, ...]:
    """Colours that can be read on all of `grounds`, as #rrggbb."""
    return tuple(readable(Color.parse(hue), *grounds).hex for hue in _HUES)


def author_style(author: bytes, *grounds: Color, ansi: bool) -> Style:
    """The look of an author's name, always the same for the same key. ansi: with the terminal's own colours."""
    number = int.from_bytes(author[:4])
    if ansi:
        return Style(color=f"color({1 + number % _ANSI})", bold=True)
    colours = author_colours(*grounds)
    return Style(color=colours[number % len(colours)], bold=True)


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
