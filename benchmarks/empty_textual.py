"""The least that a chat in Textual can be: a log, an input, nothing behind them. Started as a program of its own."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.widgets import Input, RichLog

TEXT = "Write a message"


class EmptyApp(App[None]):
    def compose(self) -> ComposeResult:
        yield RichLog()
        yield Input(placeholder=TEXT)


if __name__ == "__main__":
    EmptyApp().run()
