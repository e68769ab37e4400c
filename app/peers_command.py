"""`chat-tui peers`: lists whom an author knows in a room, and changes what is remembered while no chat is running."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import datetime
from pathlib import Path

from app.config import key_file, room_folder, user_folder
from app.door import Door
from app.errors import StorageError
from app.identity import Identity, fingerprint, grouped
from app.identity_file import read_sound
from app.peers import PeerRecord, Standing
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from app.text import one_line


def run(me: str, data_dir: Path, room: str, action: str | None, name: str) -> str:
    """Do `action` (accept, refuse, forget) to `name`, or list everybody. What to say about it."""
    user = user_folder(data_dir, me)
    folder = room_folder(user, room)
    if not (folder / DATA_FILE).exists():
        raise StorageError(f"nothing is kept for {me} in room {room} in {data_dir}")
    identity = Identity(b"", read_sound(key_file(user)).public)  # nothing is signed: no passphrase is needed
    log = Log.open(folder, identity=identity, name=user.name, room=folder.name, wall=lambda: time.time_ns() // 1000)
    with closing(log):
        return _do(log, user.name, action, name)


def _do(log: Log, me: str, action: str | None, name: str) -> str:
    saved: list[PeerRecord] = []
    door = Door(
        me,
        log.author,
        (),
        open=False,
        admit=False,
        records=log.peers(),
        authors=log.authors,
        save=saved.append,
        tell=lambda _: None,
        renamed=lambda: None,
    )
    if action is None:
        return "\n".join(_rows(log, door)) or "nobody was met here yet"
    notice = {"accept": door.accept, "refuse": door.refuse, "forget": door.forget}[action](name)
    for record in saved:
        log.remember_peer(record).result()
    return notice.text


def _rows(log: Log, door: Door) -> list[str]:
    """Those who were met first; then those whose words came through others."""
    names = {author.key: author.name for author in log.authors() if author.key != log.author}
    names |= {record.key: record.name for record in door.records.values()}
    rows = []
    for key, name in sorted(names.items(), key=lambda item: (item[0] not in door.records, item[1])):
        record = door.records.get(key)
        columns = (one_line(door.people.label(key, name)), grouped(fingerprint(key)), *_remarks(record))
        rows.append("  ".join(columns))
    return rows


def _remarks(record: PeerRecord | None) -> list[str]:
    if record is None:
        return ["never met, known through others"]
    match record.standing:
        case Standing.ACCEPTED:
            remarks = [f"let in {_day(record.decided_at)}"]
        case Standing.REFUSED:
            remarks = [f"refused {_day(record.decided_at)}"]
        case None:
            remarks = ["not let in"]
    if record.pinned_at is not None:
        remarks.append(f"known since {_day(record.pinned_at)}")
    remarks.append("not verified" if record.verified_at is None else f"verified {_day(record.verified_at)}")
    return remarks


def _day(time: int | None) -> str:
    try:
        return "" if time is None else f"{datetime.fromtimestamp(time / 1e6).astimezone():%Y-%m-%d}"
    except (OverflowError, ValueError, OSError):
        return "at an unknown date"
