"""Which theme the screen begins with, and that a theme's words can be read on all that they stand on.

- What a terminal cannot show is not asked of it: without colours, or with its own sixteen only, those are used.
- A theme that was chosen stays chosen: a terminal that cannot show it does not make it forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING

from textual.color import Color

from app.errors import UsageError
from app.text import one_line
from app.widgets.colours import CONTRAST, contrast, readable

if TYPE_CHECKING:
    from textual.app import App

USUAL = "textual-dark"
OWN_COLOURS = "ansi-dark"  # the terminal's sixteen, dark or light as the terminal has them
_OWN = {OWN_COLOURS, "ansi-light"}
_TEXT = ("text-success", "text-warning", "text-error", "text-accent", "text-primary", "text-secondary")
_STEPS = 10
_GROUNDS = ("background", "panel", "surface")


def first_theme(chosen: str, themes: Container[str], *, colours: str | None, no_color: bool) -> str:
    """chosen: what is remembered, empty for nothing; colours: the terminal's, as Rich calls them."""
    few = no_color or colours == "standard"
    if chosen in themes and (not few or chosen in _OWN):
        return chosen
    return OWN_COLOURS if few else USUAL


def choose(app: App[None], name: str, keep: Callable[[str], None]) -> None:
    """Show the theme `name` from now on, or a list to choose from. keep: called with what is to be remembered.

    UsageError: there is none of that name.
    """
    if not name:
        from app.widgets.theme_screen import ThemeScreen  # not before somebody chooses

        app.push_screen(ThemeScreen(), lambda chosen: keep(chosen) if chosen else None)
    elif name in app.available_themes:
        app.theme = name
        keep(name)
    else:
        import difflib

        near = difflib.get_close_matches(name, app.available_themes, n=1)
        instead = f"did you mean {near[0]}?" if near else "/theme lists them"
        raise UsageError(f"there is no theme {one_line(name)}: {instead}")


def readable_variables(variables: Mapping[str, str]) -> dict[str, str]:
    """A theme's variables, with its colours for words light or dark enough for bars and messages."""
    grounds = tuple(variables[name] for name in _GROUNDS)
    words = {name: _readable(variables[name], grounds) for name in _TEXT if name in variables}
    pointed = _ground(*(variables[name] for name in ("panel", "background", "foreground")))
    return {**variables, **words, "pointed": pointed}


@lru_cache(maxsize=64)  # a theme has six, and is asked about several times
def _readable(colour: str, grounds: tuple[str, ...]) -> str:
    if not all(value.startswith("#") for value in (colour, *grounds)):
        return colour  # relative to its background, or one of the terminal's own
    return readable(Color.parse(colour), *map(Color.parse, grounds)).hex


@lru_cache(maxsize=16)
def _ground(panel: str, background: str, text: str) -> str:
    """What stands out behind messages: `panel`, or as near to it as lets the text be read."""
    if not all(value.startswith("#") for value in (panel, background, text)):
        return panel
    way, end, words = Color.parse(panel), Color.parse(background), Color.parse(text)
    shades = (way.blend(end, step / _STEPS) for step in range(_STEPS))
    return next((shade for shade in shades if contrast(words, shade) >= CONTRAST), end).hex
