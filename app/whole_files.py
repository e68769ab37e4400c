"""Files that are written whole or not at all, however long they are.

- What is written stands beside the file, under a name that nobody else gives to theirs, until it is on the disk; then
  it is renamed.
- A file that is there is never replaced. What an earlier attempt left beside it that was killed is.
- Of two that write the same one at a time the later goes on: nobody gives the name to what another has not finished.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from app.errors import DiskFullError, StorageError
from app.private_files import name, reason, sync_folder

_UNFINISHED = ".chat-tui-unfinished"  # what ends in `.part` may be somebody's download
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """A new file, for the owner alone, that has the name `path` when the block has ended without an error.

    Raises DiskFullError or another StorageError.
    """
    part = path.with_name(path.name + _UNFINISHED)
    try:
        if os.path.lexists(path):
            raise FileExistsError
        part.unlink(missing_ok=True)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "wb", closefd=True) as file:  # noqa: PTH123  a Path opens no descriptors
            try:
                yield file
                file.flush()
                os.fsync(descriptor)
                if not _is_at(part, descriptor):
                    raise StorageError(f"{path} is being written by another program too, which goes on")
                name(part, path)
            finally:
                if _is_at(part, descriptor):
                    part.unlink(missing_ok=True)
        sync_folder(path.parent)
    except FileExistsError:
        raise StorageError(f"{path} is there already, and stays as it is: choose another name") from None
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFullError(f"no space left for {path}: free some, or choose another place") from error
        raise StorageError(f"{path} cannot be written: {reason(error)}") from error


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False
