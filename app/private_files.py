"""Small files that are nobody else's business: refused when others can get at them, written whole or not at all.

- Only the owner may read such a file, and only the owner may change its folder: who can write there can put another
  file in its place.
- What is written is on the disk before it gets its name, so that at every moment a whole file has that name.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import tempfile
from pathlib import Path

from app.errors import IdentityError

_PREFIX = ".unfinished-"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def refuse_open_folder(folder: Path) -> None:
    """Raises IdentityError when others can write in it, or own it. That they can look into it harms no file here."""
    try:
        found = folder.stat()
    except OSError as error:
        raise IdentityError(f"the folder {folder} cannot be read: {reason(error)}") from error
    _refuse_other_owner(f"the folder {folder}", found, folder)
    if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise IdentityError(
            f"others can write in the folder {folder}, so what is in it may be theirs; "
            f"if it is not, close it with: chmod 700 {shlex.quote(str(folder))}"
        )


def make_durable_folder(folder: Path) -> None:
    """Make a folder, and what is missing above it, closed to others. A power cut must not take it away again with all
    that was put into it. Raises OSError."""
    for missing in reversed([folder, *folder.parents]):
        if not missing.exists():
            missing.mkdir(mode=0o700, exist_ok=True)
            sync_folder(missing.parent)


def read_private(path: Path, limit: int) -> bytes:
    """The first `limit` bytes of a file that its owner alone can read, in a folder that nobody else can change."""
    refuse_open_folder(path.parent)
    content, found = read_any(path, limit)
    what = f"the key file {path}"
    _refuse_other_owner(what, found, path)
    if found.st_mode & _OTHERS:
        raise IdentityError(f"{what} can be read by others; close it with: chmod 600 {shlex.quote(str(path))}")
    return content


def read_any(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    """The first `limit` bytes of a regular file, and what the system says of it."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)  # a pipe is not waited for
        with open(descriptor, "rb", closefd=True) as file:  # noqa: PTH123  a Path opens no descriptors
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                raise IdentityError(f"the key file {path} is no regular file")
            return file.read(limit), found
    except OSError as error:
        raise IdentityError(f"the key file {path} cannot be read: {reason(error)}") from error


def can_be_read_by_others(found: os.stat_result) -> bool:
    return bool(found.st_mode & _OTHERS)


def write_new(path: Path, content: bytes) -> None:
    """Raises FileExistsError when there is such a file, which stays as it is; other OSErrors when it cannot be made."""
    temporary = _write_beside(path, content)
    try:
        name(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
    sync_folder(path.parent)


def name(temporary: Path, path: Path) -> None:
    """Give a file a name, perhaps besides the one that it has. Raises FileExistsError when another one has it."""
    try:
        os.link(temporary, path)  # unlike a rename, never replaces a file
    except FileExistsError:
        raise
    except OSError:  # memory sticks have no links
        if os.path.lexists(path):
            raise FileExistsError from None
        temporary.rename(path)


def write_instead(path: Path, content: bytes) -> None:
    """Replace a file. Nothing of an earlier attempt that was interrupted stays behind."""
    path = path.resolve()  # where it is a link, what it leads to is what is to change
    temporary = _write_beside(path, content)
    try:
        temporary.replace(path)
    finally:
        with contextlib.suppress(OSError):
            for leftover in path.parent.iterdir():
                if leftover.name.startswith(_prefix(path)):
                    leftover.unlink()
    sync_folder(path.parent)


def write_backup(path: Path, content: bytes) -> None:
    """Like `write_new`, in a folder of any kind: memory sticks have no links."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    _write_out(path, descriptor, content)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Its names, as they are now, onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):  # some file systems cannot, and the file itself is on the disk
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def closed_sentence(path: Path) -> str:
    """Of something that this user cannot get at: the folder on the way there that keeps them out, and what to do."""
    barred = next((folder for folder in reversed(path.parents) if not os.access(folder, os.X_OK)), path)
    quoted = shlex.quote(str(barred))
    if not barred.exists() or barred.stat().st_uid == os.geteuid():
        mend = f"chmod u+rwX {quoted}"
    else:
        mend = f"sudo chown -R {os.geteuid()} {quoted}, if it is yours"
    return f"{barred} is closed to you: {mend}; or choose another folder with --data-dir DIR"


def reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)


def _write_beside(path: Path, content: bytes) -> Path:
    descriptor, name = tempfile.mkstemp(prefix=_prefix(path), dir=path.parent)  # mode 0600
    _write_out(Path(name), descriptor, content)
    return Path(name)


def _prefix(path: Path) -> str:
    """Of each file its own: another one that is being written in the same folder is no leftover."""
    return f"{_PREFIX}{path.name}-"


def _write_out(path: Path, descriptor: int, content: bytes) -> None:
    """All of it, onto the disk; or there is no such file."""
    try:
        with open(descriptor, "wb", closefd=True) as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
    except BaseException:
        path.unlink()
        raise


def _refuse_other_owner(what: str, found: os.stat_result, path: Path) -> None:
    if found.st_uid != os.geteuid():
        all_of_it = "-R " if stat.S_ISDIR(found.st_mode) else ""
        raise IdentityError(
            f"{what} belongs to another user of this computer (number {found.st_uid}); "
            f"if it is yours, say so with: sudo chown {all_of_it}{os.geteuid()} {shlex.quote(str(path))}"
        )
