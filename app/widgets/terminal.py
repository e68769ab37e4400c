"""The terminal below the toolkit: keys it would misread, and a terminal that goes away.

- No input ends the program: an impossible code point, bytes that are no UTF-8, a sequence nobody knows are skipped.
- What is pasted is never taken for keys (pastes.py).
- A terminal that hangs up ends the chat cleanly: its input ends (Textual's thread would spin on that for ever), and
  what is still written to it is dropped (Textual's writer thread would die, and all who write wait for it for ever).
"""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import sys
from collections.abc import Iterable
from enum import Enum, StrEnum
from io import TextIOWrapper
from typing import Any, TextIO, cast

from textual import _ansi_sequences, events
from textual._parser import ParseEOF, ParseError
from textual._xterm_parser import XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.message import Message

from app.widgets.pastes import Pasted, Pastes, Typed

_POLL_SECONDS = 0.1  # how soon the thread notices that it is to end, and that a lone Escape was no sequence
_HOLD_SECONDS = 0.005  # for the rest of a sequence that a read has cut: it is on its way
_CHUNK = 4096


class HungUp(Message):
    """The terminal has gone away."""


class _LegacyKey(StrEnum):
    ALT_ENTER = "alt+enter"


def teach_legacy_keys() -> None:
    """ESC CR is Alt+Enter in terminals without the Kitty protocol; read as Enter it would send half a message."""
    table = cast(dict[str, tuple[Enum, ...]], _ansi_sequences.ANSI_SEQUENCES_KEYS)
    table["\x1b\r"] = (_LegacyKey.ALT_ENTER,)


class _SafeParser(XTermParser):
    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:
        try:
            return list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError):  # ESC [ 99999999 ; 2 u: chr() has no such character
            return [events.Key(Keys.Ignore, sequence)]


class _HangUpProof:
    """A terminal's output that drops what can no longer be written."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):
            try:
                self._file.write(text)
            except UnicodeEncodeError:  # a locale without UTF-8, or half a character
                self._file.write(text.encode(self._file.encoding, "replace").decode(self._file.encoding))

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()

    def fileno(self) -> int:
        return self._file.fileno()


class ChatDriver(LinuxDriver):
    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        # Textual draws on stderr, which may be redirected; that stdout is a terminal has been made sure of.
        self._terminal = _HangUpProof(sys.__stdout__ or sys.stdout)
        self._file = cast(TextIOWrapper, self._terminal)

    def _get_terminal_size(self) -> tuple[int, int]:
        """What the terminal says. Textual asks COLUMNS and LINES first, which stay as they were when it is resized."""
        try:
            return os.get_terminal_size(self._terminal.fileno())
        except (OSError, ValueError):
            return super()._get_terminal_size()

    def _typed_ahead(self, poll: select.poll) -> bytes:
        """What was typed before the terminal left each key to us. Until then Enter was a line feed, which is Ctrl+J."""
        if not poll.poll(0):
            return b""
        with contextlib.suppress(OSError):
            return os.read(self.fileno, _CHUNK).replace(b"\n", b"\r")
        return b""

    def run_input_thread(self) -> None:
        parser = _SafeParser(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        pastes = Pastes()

        def take(parts: Iterable[Typed | Pasted]) -> None:
            for part in parts:
                if isinstance(part, Pasted):
                    self.process_message(events.Paste(part.text.replace("\x00", "")))
                    continue
                for message in parser.feed(part.text):
                    self.process_message(message)

        if ahead := self._typed_ahead(poll):
            take(pastes.feed(decode(ahead)))
        while not self.exit_event.is_set():
            if poll.poll(1000 * (_HOLD_SECONDS if pastes.waits else _POLL_SECONDS)):
                try:
                    data = os.read(self.fileno, _CHUNK)
                except OSError:
                    data = b""
                if not data:
                    self.send_message(HungUp())
                    self.exit_event.wait()
                    break
                take(pastes.feed(decode(data)))
            else:
                take(pastes.release())
            for message in parser.tick():
                self.process_message(message)
        with contextlib.suppress(ParseEOF, ParseError):
            for _ in parser.feed(""):
                pass
