"""A log with two branches, as a database leaves it that was rolled back."""

from __future__ import annotations

from app.entry import Run
from app.storage.folder import DATA_FILE
from app.storage.log import Log
from tests.storage.rooms import RoomOfAlice


def everything(log: Log, feed: bytes, low: int = 1) -> list[Run]:
    head = log.head(feed)
    return [] if head is None else log.read_runs(feed, low, head.seq, 1 << 22)


def say(log: Log, *words: str) -> None:
    for text in words:
        log.append(text).result()


class Twins:
    """alice's room, rolled back to an earlier state and continued: `log` has one branch, `other` the runs of both."""

    def __init__(self, room: RoomOfAlice, here: list[str], there: list[str]) -> None:
        log = room.open()
        say(log, "both know")
        self.feed = log.own_feed
        path = room.folder / DATA_FILE
        room.close()
        backup = path.read_bytes()
        log = room.open()
        say(log, there[0])
        self.early = everything(log, self.feed, 3)  # its first entry beyond
        say(log, *there[1:])
        head = log.head(self.feed)
        assert head is not None
        self.other = everything(log, self.feed)
        self.beyond = log.read_runs(self.feed, 3, head.seq, 1 << 22)
        room.close()
        path.write_bytes(backup)  # as a rolled-back disk: the file stays the same one
        room.wall.now += 1_000_000
        self.log = room.open()
        say(self.log, *here)
