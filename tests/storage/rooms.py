"""Logs in temporary folders, with a wall clock that only moves when told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from app.storage.check import check
from app.storage.findings import Findings
from app.storage.log import Log
from app.storage.quota import Quota
from app.timeline import FIRST_KEY, TimelineEntry
from tests.feeds import SECOND, START, TestAuthor


@dataclass(slots=True)
class Wall:
    """Microseconds since 1970; an hour after the feeds in tests begin, unless told otherwise."""

    now: int = START + 3600 * SECOND

    def __call__(self) -> int:
        return self.now


@dataclass(slots=True)
class RoomOfAlice:
    """The room `main` of alice in `base`, with one log open at a time."""

    base: Path
    alice: TestAuthor = field(default_factory=lambda: TestAuthor("alice"))
    wall: Wall = field(default_factory=Wall)
    opened: list[Log] = field(default_factory=list)
    quota: Quota = field(default_factory=Quota)

    @property
    def folder(self) -> Path:
        return self.base / "alice" / "rooms" / "main"

    def open(self) -> Log:
        log = Log.open(
            self.folder, identity=self.alice.identity, name="alice", room="main", wall=self.wall, quota=self.quota
        )
        self.opened.append(log)
        return log

    def close(self) -> None:
        for log in self.opened:
            log.close()
        self.opened.clear()

    def check(self) -> Findings:
        self.close()
        return check(self.folder)

    def assert_sound(self) -> None:
        assert self.check().found == []


def whole_timeline(log: Log) -> list[TimelineEntry]:
    entries: list[TimelineEntry] = []
    while page := log.after(entries[-1].key if entries else FIRST_KEY, 50):
        entries.extend(page)
    return entries


def texts(log: Log) -> list[str | None]:
    return [entry.entry.text for entry in whole_timeline(log)]
