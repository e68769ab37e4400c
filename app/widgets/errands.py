"""What is handed to other programs of this computer: addresses to open, texts for the clipboard.

- They run beside the chat, in a session of their own and without its terminal; none is waited for in the event loop.
- A program that does not end in time, or fails, is no error: the terminal was asked as well (OSC 52), or it is said.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from threading import Thread

from app import desktop

_SECONDS = 1.0  # a clipboard program takes what it gets, and leaves or goes into the background
_MAX_CHILDREN = 16  # openers that still run: some stay as long as the browser that they started


class Opener:
    def __init__(self) -> None:
        self._waiting: list[Thread] = []

    def open(self, address: str) -> bool:
        """False if there is nothing here that would open it."""
        program = desktop.opener(sys.platform, os.environ, shutil.which)
        self._waiting = [thread for thread in self._waiting if thread.is_alive()]
        if program is None or len(self._waiting) >= _MAX_CHILDREN:
            return False
        try:
            child = subprocess.Popen(  # noqa: S603  # an address of app.links, one argument, no shell
                [*program.argv, address],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError:
            return False
        # It may outlive the chat, which does not wait for it; nor is it to stay in the process table when it has ended.
        self._waiting.append(Thread(target=child.wait, name="opener", daemon=True))
        self._waiting[-1].start()
        return True


def has_clipboard() -> bool:
    """Whether this computer has a clipboard, beside that of the terminal."""
    return bool(desktop.clipboards(sys.platform, os.environ, shutil.which))


def fill_clipboards(text: str) -> None:
    """Give a text to this computer's clipboards. Takes as long as they take; for a thread."""
    for program in desktop.clipboards(sys.platform, os.environ, shutil.which):
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run(  # noqa: S603  # fixed arguments, the text goes to stdin
                program.argv,
                input=text.encode(program.encoding, "replace"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                timeout=_SECONDS,
                check=False,
            )


def terminal_outside_tmux() -> str:
    """What the terminal calls itself that shows this tmux; nothing if it is not known, or tmux lets nothing through.

    Takes as long as tmux takes; for a thread.
    """
    tmux = shutil.which("tmux")
    if tmux is None:
        return ""
    try:
        told = subprocess.run(  # noqa: S603  # fixed arguments
            [tmux, "display-message", "-p", "#{allow-passthrough} #{client_termname} #{client_termtype}"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    allowed, _, names = told.stdout.decode(errors="replace").strip().partition(" ")
    return names if allowed in ("1", "on", "2", "all") else ""
