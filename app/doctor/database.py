"""The rooms of ME: who has them open, whether they open, what is in them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from app.config import room_names
from app.doctor import clock
from app.doctor.findings import Finding, bad, ok, warn
from app.errors import StorageError
from app.storage.folder import DATA_FILE, lock_holder
from app.storage.glance import glance
from app.storage.schema import SCHEMA_VERSION

_AREA = "database"


def look(user: Path) -> Iterator[Finding]:
    """user: DATA-DIR/ME."""
    rooms = [room for room in room_names(user) if (user / "rooms" / room / DATA_FILE).exists()]
    if not rooms:
        yield ok(_AREA, "there is none yet: the first start makes it")
    for room in rooms:
        yield from _room(user, room)


def _room(user: Path, room: str) -> Iterator[Finding]:
    folder = user / "rooms" / room
    process = lock_holder(folder)
    held = "nobody has it open" if process is None else f"open in process {process or 'unknown'}"
    try:
        seen = glance(folder)
    except StorageError as error:
        yield bad(_AREA, f"room {room}: {error}")
        return
    said = f"room {room}: {seen.entries:,} entries in {seen.feeds:,} feeds, {seen.size / (1 << 20):,.1f} MiB, {held}"
    if seen.schema > SCHEMA_VERSION:
        yield bad(_AREA, f"{said}; a newer chat-tui wrote it (schema {seen.schema})", "update chat-tui")
    elif seen.schema < SCHEMA_VERSION:
        yield warn(_AREA, f"{said}; an older chat-tui wrote it", "the next start brings it up to date")
    else:
        yield ok(_AREA, said)
    if (wrong := clock.behind(seen.latest, time.time_ns() // 1000)) is not None:
        yield wrong
