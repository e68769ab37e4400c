"""The styles of what stands in the message pane, from chat.tcss, kept for as long as it stays the same.

Textual computes a style from all ancestors each time: that was most of the time that a page took.
"""

from __future__ import annotations

from rich.style import Style
from textual.widget import Widget

from app.widgets.colours import Hues, author_style
from app.widgets.looks import LOOKS
from app.widgets.rows import Role

_ROLES = {
    Role.TIME: "message-pane--time",
    Role.MARK: "message-pane--mark",
    Role.SIGN: "message-pane--sign",
    Role.PLACEHOLDER: "message-pane--placeholder",
    Role.QUOTE: "message-pane--quote",
    Role.REMARK: "message-pane--remark",
    Role.FOLD: "message-pane--fold",
    Role.DAY: "message-pane--day",
    Role.UNREAD: "message-pane--unread",
}
_LOOKS = [(look, f"message-text--{name}") for name, look in LOOKS.items()]
COMPONENTS = {*_ROLES.values(), *(component for _, component in _LOOKS)}
_MAX_STYLES = 200  # authors and links


class PaneStyles:
    def __init__(self, pane: Widget, hues: Hues) -> None:
        """pane: whose styles; it has COMPONENTS; hues: of names."""
        self._pane = pane
        self._hues = hues
        self._styles: dict[Role | bytes | tuple[Style, int, str], Style] = {}

    def clear(self) -> None:
        self._styles.clear()

    def of(self, role: Role, author: bytes = b"") -> Style:
        """author: of a name."""
        key = author if role is Role.NAME else b"" if role in (Role.TEXT, Role.SPACE) else role
        style = self._styles.get(key)
        return self._keep(key, self._make(role, author)) if style is None else style

    def look(self, style: Style, look: int, target: str) -> Style:
        """`style` as text with that look has it, a sum of app.widgets.looks; target: where it leads.

        A link has the same style in all rows that it takes: a terminal tells by that where it goes on.
        """
        key = (style, look, target)
        known = self._styles.get(key)
        if known is not None:
            return known
        for each, component in _LOOKS:
            if look & each:
                style += self._change(component)
        return self._keep(key, style + Style(link=target) if target else style)

    def _keep(self, key: Role | bytes | tuple[Style, int, str], style: Style) -> Style:
        if len(self._styles) >= _MAX_STYLES:
            self._styles.clear()
        self._styles[key] = style
        return style

    def _make(self, role: Role, author: bytes) -> Style:
        pane = self._pane
        if role is Role.NAME:
            pointed = pane.get_component_styles("message-pane--pointed").background
            ansi = pane.app.native_ansi_color
            return pane.rich_style + author_style(author, self._hues, pane.background_colors[1], pointed, ansi=ansi)
        component = _ROLES.get(role)
        return pane.rich_style if component is None else pane.get_component_rich_style(component)

    def _change(self, component: str) -> Style:
        """What a component changes. Colours that follow their ground are known only together with that."""
        own = self._pane.get_component_rich_style(component, partial=True)
        return own if own.color is None else own + Style(color=self._pane.get_component_rich_style(component).color)
