"""Settings for all tests."""

from __future__ import annotations

import errno
import logging
import os
import sys
import threading
from collections.abc import Iterator

import pytest
from hypothesis import settings

# A loaded machine is slow, not wrong; pytest's own timeout ends what hangs.
settings.register_profile("chat-tui", deadline=None)
settings.load_profile("chat-tui")

os.environ["COLORTERM"] = "truecolor"  # the screen looks the same whatever terminal the tests are run in
os.environ.pop("NO_COLOR", None)


@pytest.fixture
def logging_as_before() -> Iterator[None]:
    """For tests that start the log file: afterwards the process logs as it did."""
    root, raising = logging.getLogger(), logging.raiseExceptions
    handlers, level = root.handlers[:], root.level
    hooks = threading.excepthook, sys.unraisablehook
    yield
    for handler in root.handlers:
        if handler not in handlers:
            handler.close()
    logging.captureWarnings(False)
    logging.raiseExceptions = raising
    root.handlers[:] = handlers
    root.setLevel(level)
    threading.excepthook, sys.unraisablehook = hooks


@pytest.fixture
def no_links(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system as on memory sticks, where a file has one name."""

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
