"""Where the details go that no person wants on the screen: one log file, made only when there is something to say.

- Nothing is logged to stderr, neither by us nor by a library: a full screen would be spoiled, a script confused.
- Names and reasons by peers are made harmless before they are written: log files are read in terminals. Nor do they
  begin a line: a record is one, and what belongs to a traceback stands further in.
"""

from __future__ import annotations

import contextlib
import logging
import os
import platform
import sys
import threading
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType

from app import __version__
from app.errors import StorageError
from app.status import Held, Listening, NodeEvent, Notice, PeerStatus
from app.text import harmless, one_line

MAX_BYTES = 4 * 1024 * 1024  # a weekend of --debug, and still opened by every editor
MAX_TOLD = 1_024  # peers; strangers can make any number
_logger = logging.getLogger("app")
_told: dict[str, tuple[str, str]] = {}  # name: phase and detail


class _HarmlessFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return harmless(super().format(record), newlines=True).replace("\n", "\n  ")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  logging's name
        return one_line(super().formatMessage(record))


class _PrivateHandler(RotatingFileHandler):
    def _open(self) -> TextIOWrapper:
        file = super()._open()
        with contextlib.suppress(OSError):  # somebody else's file, or a pipe: the person chose it
            os.fchmod(file.fileno(), 0o600)
        return file


def check_writable(path: Path) -> None:
    """Say so now if the log file that was asked for cannot be made."""
    missing = not path.exists()
    try:
        with path.open("ab"):
            pass
        if missing:
            path.unlink()
    except OSError as error:
        raise StorageError(f"the log file {path} cannot be written: {error.strerror or error}") from error


def start(path: Path, level: int) -> None:
    """Write records of `level` and above to `path`, and crashes of threads and finalisers too.

    The file is made with its first record.
    """
    handler = _PrivateHandler(path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", errors="replace", delay=True)
    handler.setLevel(level)  # not only the root's: libraries give their loggers levels of their own
    handler.setFormatter(_HarmlessFormatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.raiseExceptions = False  # a full disk must not print tracebacks over the screen
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(True)
    logging.getLogger("app").info("chat-tui %s, Python %s, %s", __version__, platform.python_version(), sys.platform)
    threading.excepthook = _log_thread_crash
    sys.unraisablehook = _log_unraisable


def note(event: NodeEvent) -> None:
    """Keep what a node tells its faces."""
    match event:
        case PeerStatus(name, phase, detail):
            _logger.log(_weight(event), "%s: %s %s", name, phase.value, detail)
        case Notice(text, urgent):
            _logger.log(logging.WARNING if urgent else logging.INFO, "%s", text)
        case Held(seq, by):
            _logger.info("held up to %d by %s", seq, ", ".join(by))
        case Listening(port):
            _logger.info("listening at port %d", port)


def _weight(status: PeerStatus) -> int:
    """Where a peer stands is told again with each message: what is new is only the first of the same."""
    told = status.phase.value, status.detail
    before = _told.pop(status.name, None)
    _told[status.name] = told
    if len(_told) > MAX_TOLD:
        del _told[next(iter(_told))]
    return logging.DEBUG if told == before else logging.INFO


def crashed(error: BaseException) -> Path | None:
    """Keep the details of an error that nobody foresaw. Where they are; None if no log was started."""
    place = next(
        (Path(h.baseFilename) for h in logging.getLogger().handlers if isinstance(h, RotatingFileHandler)), None
    )
    if place is not None:
        _logger.critical("crashed", exc_info=error)
    return place


def _log_thread_crash(crash: threading.ExceptHookArgs) -> None:
    if crash.exc_value is not None:
        _log_traceback("a thread crashed", crash.exc_value, crash.exc_traceback)


def _log_unraisable(crash: sys.UnraisableHookArgs) -> None:
    if crash.exc_value is not None:
        _log_traceback("a finaliser crashed", crash.exc_value, crash.exc_traceback)


def _log_traceback(what: str, error: BaseException, traceback: TracebackType | None) -> None:
    _logger.critical(what, exc_info=(type(error), error, traceback))
