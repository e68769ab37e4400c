"""The text in the composer, kept in a small file from one start to the next."""

from __future__ import annotations

import logging
from pathlib import Path

from app.private_files import write_instead

MAX_BYTES = 1024 * 1024  # a file of ours is smaller; what is larger is none of ours

_logger = logging.getLogger(__name__)


def load(path: Path) -> str:
    """The draft in `path`; nothing where there is none or it cannot be read."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return ""
        return path.read_bytes().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        _logger.warning("the draft cannot be read: %s", error)
        return ""


def save(path: Path, text: str) -> None:
    """Keep `text`, whole or not at all, readable by its owner alone. No text, no file."""
    try:
        if not text.strip():
            path.unlink(missing_ok=True)
            return
        write_instead(path, text.encode("utf-8", "replace"))
    except OSError as error:
        _logger.warning("the draft cannot be kept: %s", error)
