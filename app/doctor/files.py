"""Who can get at the key and the messages."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from app.config import key_file, room_names
from app.doctor.findings import Finding, Grade, bad, ok, warn
from app.errors import IdentityError
from app.identity import fingerprint, grouped
from app.identity_file import read_sound
from app.private_files import refuse_open_folder

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_AREA = "permissions"


def look(user: Path) -> Iterator[Finding]:
    """user: DATA-DIR/ME."""
    if not user.exists():
        yield ok(_AREA, f"{user} is not there yet: the first start makes it")
        return
    folder = _folder(user)
    yield folder
    if folder.grade is Grade.BAD:  # the same would be said of all that is in it
        return
    yield _key(user)
    for room in room_names(user):
        yield from _room(user / "rooms" / room)


def _folder(user: Path) -> Finding:
    try:
        refuse_open_folder(user)
    except IdentityError as error:
        return bad(_AREA, str(error))
    if not _may(user, os.R_OK | os.W_OK | os.X_OK):
        return bad(_AREA, f"{user} cannot be written", f"chmod u+rwx {shlex.quote(str(user))}")
    mode = user.stat().st_mode
    if mode & _OTHERS:
        return warn(_AREA, f"others can look into {user}", f"chmod 700 {shlex.quote(str(user))}")
    return ok(_AREA, f"{user} is closed to others")


def _key(user: Path) -> Finding:
    path = key_file(user)
    if not path.exists():
        if room_names(user):
            return bad(
                _AREA, f"{path} is missing, and there are messages", f"chat-tui identity import {user.name} FILE"
            )
        return ok(_AREA, f"{path} is not there yet: the first start makes it")
    try:
        key = read_sound(path)
    except IdentityError as error:
        return bad(_AREA, str(error))
    lock = "locked with a passphrase" if key.has_passphrase else "closed to others"
    return ok(_AREA, f"the key {grouped(fingerprint(key.public))} is sound, and {lock}")


def _room(folder: Path) -> Iterator[Finding]:
    for path in (folder, folder / "log.mdb", folder / "lock"):
        try:
            found = path.stat()
        except FileNotFoundError:
            continue
        except OSError as error:
            yield bad(_AREA, f"{path} cannot be read: {error.strerror or error}")
            continue
        quoted = shlex.quote(str(path))
        mend = f"chmod {'700' if stat.S_ISDIR(found.st_mode) else '600'} {quoted}"
        if not _may(path, os.R_OK | os.W_OK):
            theirs = found.st_uid != os.geteuid()
            yield bad(_AREA, f"{path} cannot be written", f"sudo chown {os.geteuid()} {quoted}" if theirs else mend)
        elif found.st_mode & _OTHERS:
            yield warn(_AREA, f"{path} is open to others", mend)


def _may(path: Path, mode: int) -> bool:
    """As `os.access`; that a whole disk is read-only is another matter, which has a line of its own."""
    if os.statvfs(path).f_flag & os.ST_RDONLY:
        mode &= ~os.W_OK
    return os.access(path, mode)
