"""`chat-tui peers`: lists whom an author knows in a room, and changes what is remembered.

While a program has the room open, it is asked to do so: it knows who waits, and acts on it at once.
"""

from __future__ import annotations

import time
from contextlib import closing
from pathlib import Path

from app import door_bell
from app.config import key_file, room_folder, user_folder
from app.door import Door
from app.errors import LockedError, StorageError, UsageError
from app.fork_words import fork_lines
from app.identity import Identity
from app.identity_file import read_sound
from app.peers import PeerRecord
from app.people_list import people_list
from app.storage.folder import DATA_FILE
from app.storage.log import Log


def run(me: str, data_dir: Path, room: str, action: str | None, name: str) -> str:
    """Do `action` (accept, refuse, forget, trust) to `name`, or list everybody. What to say about it."""
    user = user_folder(data_dir, me)
    folder = room_folder(user, room)
    if not (folder / DATA_FILE).exists():
        raise StorageError(f"nothing is kept for {me} in room {room} in {data_dir}")
    identity = Identity(b"", read_sound(key_file(user)).public)  # nothing is signed: no passphrase is needed
    try:
        log = Log.open(folder, identity=identity, name=user.name, room=folder.name, wall=lambda: time.time_ns() // 1000)
    except LockedError:
        answer = door_bell.ask(folder, action, name)
        if answer is None:
            raise
        return answer
    with closing(log):
        if action == "why":
            raise UsageError(f"that is known while chat-tui {me} runs: start it, or type chat-tui doctor {me} {name}")
        return _do(log, user.name, folder.name, action, name)


def _do(log: Log, me: str, room: str, action: str | None, name: str) -> str:
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
        room=room,
        can_ask=False,
    )
    if action is None:
        return people_list(door, log.author, log.authors())
    if action == "forks":
        return "\n".join(fork_lines(log.forks(), door.people, name))
    try:
        notice = door.decide(action, name)
    except UsageError as error:
        if action not in ("accept", "trust"):
            raise
        raise UsageError(f"{error}; who comes is known while chat-tui {me} runs: type this then") from error
    for record in saved:
        log.remember_peer(record).result()
    return notice.text
