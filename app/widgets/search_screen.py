"""Finding messages: words in, hits out while the history is being looked through, Enter goes to one.

- Looking happens in a thread that gives way to typing; a letter more begins anew, and ends what was under way.
- The newest hits come first and stay where they are while others follow. At most MAX_HITS are listed.
- Looking goes on when what was found is drawn: both at the same time take as long, and twice as long for who types.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import tzinfo
from typing import ClassVar

from msgspec import Struct
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from app.days import today
from app.errors import ChatError
from app.people import People
from app.search import parse_query
from app.text import one_line
from app.timeline import TimelineEntry
from app.widgets.backend import ChatLog, Found
from app.widgets.hit_list import HitList

MAX_HITS = 500
_LOOK = 0.08  # seconds in the thread at a time: saying how far it is takes some milliseconds of the screen's


class Chosen(Struct, frozen=True):
    """hits: what was found, the newest first; which: of them to go to; terms: the folded words that they have."""

    hits: list[TimelineEntry]
    which: int
    terms: tuple[str, ...]


class SearchScreen(ModalScreen[Chosen | None]):
    """Ends with what was found, or with None."""

    AUTO_FOCUS = "#search-words"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+f", "dismiss", "close", id="close-search"),
        Binding("down", "into_hits", "to what was found", id="into-found"),
    ]

    def __init__(self, log: ChatLog, people: People, zone: tzinfo | None, words: str = "") -> None:
        """words: what to look for at first; zone: of times and dates, None for the computer's own."""
        super().__init__()
        self._log = log
        self._people = people
        self._zone = zone
        self._words = words
        self._hits: list[TimelineEntry] = []
        self._terms: tuple[str, ...] = ()
        self._steps: Iterator[Found] | None = None  # of the search that is under way
        self._first_wanted = False  # Enter was pressed before something was found

    def compose(self) -> ComposeResult:
        with Vertical(id="search"):
            yield Input(
                self._words,
                placeholder="words  from:NAME  on:yesterday  since:monday  until:2026-11-01",
                id="search-words",
            )
            yield Static("", id="search-state", markup=False)
            yield HitList(self._people, self._zone, id="search-hits")

    def on_mount(self) -> None:
        if self._words:
            self._begin(self._words)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._begin(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        """Enter takes the newest hit, as soon as there is one."""
        self._first_wanted = not self._hits
        if self._hits:
            self._take(0)

    @on(HitList.Selected)
    def _selected(self, event: HitList.Selected) -> None:
        self._take(event.which)

    def _take(self, which: int) -> None:
        self.dismiss(Chosen(self._hits, which, self._terms))

    def action_into_hits(self) -> None:
        if self._hits:
            hit_list = self.query_one(HitList)
            hit_list.focus()
            hit_list.action_point(0)

    def _begin(self, words: str) -> None:
        self._first_wanted = False
        self._look_for(words)

    @work(exclusive=True)  # many are ended before they begin
    async def _look_for(self, words: str) -> None:
        self._hits = []
        self._steps = None
        hit_list = self.query_one(HitList)
        hit_list.begin(())
        if not words.strip():
            self._say("")
            return
        try:
            query = parse_query(words, keys_of=self._people.called, today=today(self._zone), zone=self._zone)
        except ChatError as error:
            self._say(str(error))
            return
        self._terms = query.terms
        hit_list.begin(query.terms)
        self._steps = steps = self._log.search(query)
        total, looked_at = self._log.count(), 0
        while len(self._hits) < MAX_HITS:
            found = await asyncio.to_thread(self._look, steps)
            if not found:
                break
            looked_at = found[-1].looked_at
            hits = [hit for step in found for hit in step.hits if not self._people.is_refused(hit.author)]
            del hits[MAX_HITS - len(self._hits) :]
            self._hits += hits
            if self._first_wanted and self._hits and self.is_current:
                self._take(0)
                return
            if hits:
                hit_list.add(hits)
            self._say(f"{len(self._hits):,} found, {looked_at:,} of {total:,} looked at")
            await self._drawn()
        if len(self._hits) >= MAX_HITS:
            self._say(f"the newest {MAX_HITS}: a word more finds fewer")
        else:
            self._say(f"{len(self._hits):,} found in {looked_at:,}" if self._hits else "nothing found")

    async def _drawn(self) -> None:
        """When what was said and listed is on the screen."""
        drawn = asyncio.Event()
        self.call_after_refresh(drawn.set)
        await drawn.wait()

    def _look(self, steps: Iterator[Found]) -> list[Found]:
        """Some steps: up to the first that finds something, or as many hits as are listed; none if there are no more.

        In a thread.
        """
        taken: list[Found] = []
        room = MAX_HITS - len(self._hits)
        end = time.monotonic() + _LOOK
        while self._steps is steps and room > 0 and time.monotonic() < end:
            self._log.courtesy.give_way()
            step = next(steps, None)
            if step is None:
                break
            taken.append(step)
            room -= len(step.hits)
            if step.hits and not self._hits:
                break
        return taken

    def _say(self, text: str) -> None:
        self.query_one("#search-state", Static).update(one_line(text), layout=False)
