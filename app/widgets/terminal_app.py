"""An app that treats its terminal well: title, real cursor, clipboards, and an end without a traceback.

- What ends it by accident is kept in `failure`, for whoever runs it; the terminal is as it was before.
"""

from __future__ import annotations

import os

from textual.app import App
from textual.driver import Driver

from app.text import one_line
from app.widgets import theming
from app.widgets.terminal import ChatDriver, teach_legacy_keys

_KEEP_TITLE, _RESTORE_TITLE = "\x1b[22;0t", "\x1b[23;0t"
_SHOW_CURSOR, _HIDE_CURSOR = "\x1b[?25h", "\x1b[?25l"
_MAX_FOR_TERMINAL = 250_000  # characters; a terminal takes no more at once, and would be busy with them


class TerminalApp(App[None]):
    def __init__(self, *, theme: str, driver_class: type[Driver] | None) -> None:
        """theme: its name, empty for the usual one."""
        no_color = bool(os.environ.get("NO_COLOR"))
        super().__init__(driver_class=driver_class or ChatDriver, ansi_color=True if no_color else None)
        self.theme = theming.first_theme(
            theme, self.available_themes, colours=self.console.color_system, no_color=no_color
        )
        teach_legacy_keys()
        self.failure: BaseException | None = None
        self._terminal_title = ""

    def get_css_variables(self) -> dict[str, str]:
        self.theme_variables = theming.readable_variables(super().get_css_variables())
        return self.theme_variables

    def about_to_end(self) -> None:
        """What can be asked for the last time; the screen is still there."""

    def begin_in_terminal(self) -> None:
        self.write_to_terminal(_KEEP_TITLE)
        self.show_cursor(True)

    def leave(self) -> None:
        """End cleanly."""
        self.about_to_end()
        self.write_to_terminal(_RESTORE_TITLE)
        self.exit()

    def fail(self, error: BaseException) -> None:
        if isinstance(error, BaseExceptionGroup):
            self.fail(error.exceptions[0])
            return
        self.failure = self.failure or error
        self.about_to_end()
        self.write_to_terminal(_RESTORE_TITLE)
        self._return_code = 1
        if self._exception is None and isinstance(error, Exception):
            self._exception = error  # what Textual's tests look at
            self._exception_event.set()
        self._close_messages_no_wait()

    def _handle_exception(self, error: Exception) -> None:
        self.fail(error)

    def show_title(self, title: str) -> None:
        if title != self._terminal_title:
            self._terminal_title = title
            self.write_to_terminal(f"\x1b]0;{one_line(title)}\x07")

    def show_cursor(self, shown: bool) -> None:
        """The terminal's own one."""
        self.write_to_terminal(_SHOW_CURSOR if shown else _HIDE_CURSOR)

    def can_copy(self, text: str) -> bool:
        """Whether there is a clipboard that takes so much."""
        from app.widgets.errands import has_clipboard

        return len(text) <= _MAX_FOR_TERMINAL or has_clipboard()

    def copy_to_clipboard(self, text: str) -> None:
        """To the terminal's clipboard (OSC 52), which may be that of another computer, and to this one's."""
        from app.widgets.errands import fill_clipboards

        if len(text) <= _MAX_FOR_TERMINAL:
            super().copy_to_clipboard(text)
        self.run_worker(lambda: fill_clipboards(text), group="clipboard", thread=True, exit_on_error=False)

    def write_to_terminal(self, sequence: str) -> None:
        """Send a control sequence of ours."""
        if self._driver is not None and not self.is_headless and self._running:
            self._driver.write(sequence)
