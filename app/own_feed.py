"""The own feed, where others know more of it than this database does: it was restored, rolled back, or runs twice.

- While somebody says to hold own entries that are not here, what is written waits a little: it would contradict them.
  If they come, the feed goes on where it ended there.
- Where both have gone on already, a new feed begins, with what only one of the two has. Nothing is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from app.errors import StorageError
from app.status import Notice
from app.storage.log import Log
from app.text import one_line

if TYPE_CHECKING:
    from app.entry import Run
    from app.storage.renewal import Renewal

HOLD_SECONDS = 10.0  # for entries that somebody says to hold: a minute's work on a slow link is told as a branch
RETRY_SECONDS = 5.0  # when the disk is full or fails
MAX_SAVING = 4  # branches that wait for the disk, 8 MiB each; others are fetched again in later sessions
MAX_HOLDS = 8  # in one run: whoever claims what they do not serve must not keep anybody from writing


class OwnFeed:
    """Belongs to one event loop."""

    def __init__(self, log: Log, tell: Callable[[Notice], None], hold_seconds: float = HOLD_SECONDS) -> None:
        self._hold_seconds = hold_seconds
        self._log = log
        self._tell = tell
        self._holds = 0
        self._before: int | None = None  # the last own entry when the waiting began
        self._timer: asyncio.TimerHandle | None = None
        self._saving: set[asyncio.Task[None]] = set()
        self.renewed = asyncio.Event()  # another feed is the own one now

    def begin(self) -> None:
        if self._log.moved:
            self._tell(
                Notice(
                    "this database was copied or restored, so you go on in a new log: if the other one is in use too, "
                    "nothing of the two gets mixed up"
                )
            )

    def end(self) -> None:
        self._go_on()

    def missing(self, entries: int) -> None:
        """Somebody says to hold so many own entries that are not here; 0: no more."""
        if entries == 0:
            self._came_back()
        elif self._before is None and self._holds < MAX_HOLDS:
            self._holds += 1
            self._before = self._last()
            self._log.hold(True)
            self._timer = asyncio.get_running_loop().call_later(self._hold_seconds, self._go_on)

    def branch_came(self, runs: Sequence[Run], name: str) -> None:
        """`name` served another branch of the own feed, or of another one by the own key."""
        if len(self._saving) >= MAX_SAVING:
            return
        saving = asyncio.create_task(self._save_branch(runs, name))
        self._saving.add(saving)
        saving.add_done_callback(self._saving.discard)

    def stop_saving(self) -> Sequence[asyncio.Task[None]]:
        """What is under way, and ends now: who holds a branch is asked again."""
        saving = tuple(self._saving)
        for task in saving:
            task.cancel()
        return saving

    async def _save_branch(self, runs: Sequence[Run], name: str) -> None:
        told = ""
        while True:
            try:
                renewal = await asyncio.wrap_future(self._log.renew(runs))
                break
            except StorageError as error:
                text = one_line(f"{name} holds other messages of yours, which cannot be saved: {error}")
                if text != told:
                    self._tell(Notice(text, urgent=True))
                told = text
            await asyncio.sleep(RETRY_SECONDS)
        if renewal is not None and renewal.node is not None:
            self._tell(Notice(_sentence(renewal, name), urgent=True))
            self.renewed.set()
        elif renewal is not None and renewal.found:
            text = f"{name} holds {renewal.found:,} more messages of yours that were not here: they are back"
            self._tell(Notice(one_line(text)))

    def _came_back(self) -> None:
        before = self._before
        self._go_on()
        came = 0 if before is None else self._last() - before
        if came > 0:
            self._tell(
                Notice(
                    f"{came:,} of your messages were missing here, as if this computer had been put back to an earlier "
                    "day: they are back"
                )
            )

    def _go_on(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._before = None
        self._log.hold(False)

    def _last(self) -> int:
        head = self._log.head(self._log.own_feed)
        return 0 if head is None else head.seq


def _sentence(renewal: Renewal, name: str) -> str:
    return one_line(
        f"this computer was put back to an earlier day, or a copy of it is in use: {name} holds {renewal.found:,} "
        "messages of yours that were not here. They are here now, and you go on in a new log; nothing is lost"
    )
