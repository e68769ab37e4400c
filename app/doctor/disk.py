"""The disk below the data folder: room, kind of file system, and whether a write is safe when it is said to be."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from app.doctor.findings import Finding, bad, ok, warn
from app.storage.folder import file_system_kind, folder_error, is_network_file_system

LOW, ALMOST_FULL = 512 << 20, 16 << 20
SLOW = 0.25  # seconds for a write that is safe; a message is shown as saved only after one
FLEETING = {"tmpfs", "ramfs"}
WRITES = 5


def look(folder: Path) -> Iterator[Finding]:
    """folder: ME's, which need not be there yet."""
    place = nearest(folder)
    yield _kind(place)
    yield from _room(place)
    yield _safe_writes(place)


def nearest(folder: Path) -> Path:
    """The folder, or what there is above it."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _kind(place: Path) -> Finding:
    kind = file_system_kind(place)
    if not kind:
        return ok("disk", f"{place} (what kind of file system it is, this system does not say)")
    if is_network_file_system(kind):
        return bad("disk", f"{place} lies on a network file system ({kind})", "choose a local disk with --data-dir")
    if kind in FLEETING:
        return warn(
            "disk", f"{place} lies in memory ({kind})", "all is gone when the computer restarts: take --data-dir"
        )
    return ok("disk", f"{place} ({kind})")


def _room(place: Path) -> Iterator[Finding]:
    found = os.statvfs(place)
    free = found.f_bavail * found.f_frsize
    said = f"{free / (1 << 20):,.0f} MiB free"
    if free < ALMOST_FULL:
        yield bad("disk", said, "free some: nothing can be saved without")
    elif free < LOW:
        yield warn("disk", said, "free some before it is full")
    else:
        yield ok("disk", said)
    if found.f_files and found.f_favail < 16:
        yield bad("disk", f"only {found.f_favail} more files can be made", "remove some")


def _safe_writes(place: Path) -> Finding:
    try:
        with tempfile.TemporaryFile(dir=place, prefix=".doctor-") as file:
            times = []
            for _ in range(WRITES):
                start = time.perf_counter()
                os.write(file.fileno(), b"x" * 4096)
                os.fsync(file.fileno())
                times.append(time.perf_counter() - start)
    except OSError as error:
        return bad("disk", str(folder_error(place, error)))
    middle = sorted(times)[WRITES // 2]
    said = f"a write is safe after {middle * 1000:.1f} ms"
    if middle > SLOW:
        return warn("disk", f"{said}: each message takes that long to be saved", "another disk, with --data-dir")
    return ok("disk", said)
