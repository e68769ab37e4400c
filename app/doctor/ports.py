"""Which process listens at a TCP port of this computer, as far as /proc tells this user."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path

PROC = Path("/proc")
_LISTENING = "0A"


def listeners(proc: Path = PROC) -> dict[int, set[int]]:
    """port: the inodes of its listening sockets. Empty where there is no /proc."""
    found: dict[int, set[int]] = {}
    for table in ("tcp", "tcp6"):
        try:
            lines = (proc / "net" / table).read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if len(fields) > 9 and fields[3] == _LISTENING:
                found.setdefault(int(fields[1].rpartition(":")[2], 16), set()).add(int(fields[9]))
    return found


def ports_of(process: int, proc: Path = PROC) -> list[int]:
    """The ports at which a process listens. Empty for those of others, unless for root."""
    own = _sockets(proc / str(process))
    return sorted(port for port, inodes in listeners(proc).items() if inodes & own)


def process_at(port: int, proc: Path = PROC) -> tuple[int, str] | None:
    """(process id, name) of who listens at a port."""
    inodes = listeners(proc).get(port, set())
    if not inodes:
        return None
    for folder in proc.iterdir():
        if folder.name.isdecimal() and inodes & _sockets(folder):
            return int(folder.name), _name(folder)
    return None


def _sockets(folder: Path) -> set[int]:
    try:
        names = os.listdir(folder / "fd")  # noqa: PTH208  their names are all that is needed
    except OSError:
        return set()  # somebody else's, or gone
    inodes = set()
    for name in names:
        with contextlib.suppress(OSError):  # closed since
            if match := re.fullmatch(r"socket:\[(\d+)\]", str((folder / "fd" / name).readlink())):
                inodes.add(int(match[1]))
    return inodes


def _name(folder: Path) -> str:
    try:
        return (folder / "comm").read_text().strip()
    except OSError:
        return "unknown"
