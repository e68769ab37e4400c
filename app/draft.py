"""The text in the composer, kept in a small file from one start to the next."""

from __future__ import annotations

import logging
import os
from pathlib import Path

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
        temporary = path.with_name(f".{path.name}.new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        _logger.warning("the draft cannot be kept: %s", error)
