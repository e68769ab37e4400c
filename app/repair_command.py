"""`chat-tui repair`: checks each room, and makes a new database of what can be saved where one is unsound."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from app.command import Repair
from app.config import key_file, make_user_folder, room_folder, room_names, user_folder
from app.errors import LockedError, NewerSchemaError, StorageError
from app.identity import Identity
from app.identity_file import read_sound
from app.passphrase import Ask, unlock
from app.progress import Progress
from app.storage.check import check
from app.storage.folder import DATA_FILE
from app.storage.repair import FeedOutcome, Outcome, repair
from app.text import one_line

Say = Callable[[str], object]

_MAX_TOLD = 10  # people of whom something is missing; more are counted


def run(command: Repair, environment: Mapping[str, str], ask: Ask | None, say: Say) -> None:
    """say: one line of what was done. Raises ChatError for the first room that cannot be repaired."""
    user = user_folder(command.data_dir, command.me)
    rooms = room_names(user) if command.room is None else [command.room]
    rooms = [room for room in rooms if (room_folder(user, room) / DATA_FILE).is_file()]
    if not rooms:
        raise StorageError(f"nothing is kept for {command.me} in {command.data_dir}")
    make_user_folder(user)
    key = read_sound(key_file(user))
    identity: Identity | None = None
    for room in rooms:
        folder = room_folder(user, room)
        if _is_sound(folder, debug=command.debug):
            say(f"room {room}: sound, there is nothing to repair")
            continue
        identity = identity or unlock(key, command.me, environment, ask)
        _repair(folder, identity, user.name, say, debug=command.debug)


def _is_sound(folder: Path, *, debug: bool) -> bool:
    progress = Progress("entries checked", debug=debug)
    try:
        return check(folder, progress=progress).sound
    except (LockedError, NewerSchemaError):
        raise
    except StorageError:
        return False
    finally:
        progress.end()


def _repair(folder: Path, identity: Identity, me: str, say: Say, *, debug: bool) -> None:
    steps: dict[str, Progress] = {}

    def tell(doing: str, done: int, of: int) -> None:
        if doing not in steps:
            steps[doing] = Progress(doing, debug=debug)
        steps[doing](done, of)

    try:
        outcome = repair(folder, identity, me, wall=lambda: time.time_ns() // 1000, progress=tell)
    finally:
        for step in steps.values():
            step.end()
    _tell(folder.name, outcome, identity.public, say)


def _tell(room: str, outcome: Outcome, own: bytes, say: Say) -> None:
    say(f"room {room}: {outcome.entries:,} entries and what is known of {outcome.people:,} people were saved")
    lacking = [feed for feed in outcome.feeds if feed.missing]
    for feed in lacking[:_MAX_TOLD]:
        say(f"  {_lacks(feed, own)}: this comes back from whoever has it, when you meet")
    if len(lacking) > _MAX_TOLD:
        say(f"  and so of {len(lacking) - _MAX_TOLD:,} more")
    if not outcome.continues:
        say("  what you wrote last may not be among it: you go on in a new log, so that nothing is said twice")
    say(f"  the damaged file is kept: {outcome.kept}")


def _lacks(feed: FeedOutcome, own: bytes) -> str:
    whose = "you" if feed.author == own else one_line(feed.name)
    return f"by {whose} {feed.missing:,} entries are missing after the first {feed.saved:,}"
