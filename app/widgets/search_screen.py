"""Finding messages: words in, hits out while the history is being looked through, Enter goes to one.

- Looking happens in a thread that gives way to typing; a letter more begins anew, and ends what was under way.
- The newest hits come first and stay where they are while others follow. At most MAX_HITS are listed, a screenful at a
  time: all at once would hold up a letter for a tenth of a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from datetime import tzinfo
from itertools import islice
from typing import ClassVar

from msgspec import Struct
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Region
from textual.screen import ModalScreen
from textual.strip import Strip
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from app.days import today
from app.errors import ChatError
from app.moments import local
from app.people import People
from app.search import Query, parse_query, spans
from app.text import one_line
from app.timeline import TimelineEntry
from app.widgets.backend import ChatLog, Found
from app.widgets.drawn import drawn
from app.widgets.wrap import shorten

MAX_HITS = 500
_LOOK = 0.08  # seconds in the thread at a time: saying how far it is takes some milliseconds of the screen's
_AT_ONCE = 40  # hits that are listed together, which takes some 10 ms, and to show them as much again
_BREATH = 0.2  # seconds between two such: who goes on typing wants other ones
_AROUND = 30  # characters before a hit that are shown with it
_WIDE = 60  # cells; below, the time of day would leave too few for the text


class Chosen(Struct, frozen=True):
    """hits: what was found, the newest first; which: of them to go to; terms: the folded words that they have."""

    hits: list[TimelineEntry]
    which: int
    terms: tuple[str, ...]


class HitList(OptionList):
    """What was found. Rows leave no garbage behind when a letter more finds other ones."""

    def render_lines(self, crop: Region) -> list[Strip]:
        return drawn(super().render_lines(crop))


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
            yield HitList(id="search-hits", markup=False)

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

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._take(event.option_index)

    def _take(self, which: int) -> None:
        self.dismiss(Chosen(self._hits, which, self._terms))

    def action_into_hits(self) -> None:
        if self._hits:
            listed = self.query_one(OptionList)
            listed.highlighted = 0
            listed.focus()

    def _begin(self, words: str) -> None:
        self._first_wanted = False
        self._look_for(words)

    @work(exclusive=True)  # many are ended before they begin
    async def _look_for(self, words: str) -> None:
        self._hits = []
        self._steps = None
        self.query_one(OptionList).clear_options()
        if not words.strip():
            self._say("")
            return
        try:
            query = parse_query(words, keys_of=self._people.called, today=today(self._zone), zone=self._zone)
        except ChatError as error:
            self._say(str(error))
            return
        self._terms = query.terms
        self._steps = steps = self._log.search(query)
        total, looked_at, listed, looking = self._log.count(), 0, 0, True
        while looking or listed < len(self._hits):
            if looking:
                found = await asyncio.to_thread(self._look, steps)
                new = (hit for step in found for hit in step.hits if not self._people.is_refused(hit.author))
                self._hits += islice(new, MAX_HITS - len(self._hits))
                looked_at = found[-1].looked_at if found else looked_at
                looking = bool(found) and len(self._hits) < MAX_HITS
                if self._first_wanted and self._hits and self.is_current:
                    self._take(0)
                    return
            else:
                await asyncio.sleep(_BREATH)
            self._list(self._hits[listed : listed + _AT_ONCE], query)
            listed = min(listed + _AT_ONCE, len(self._hits))
            if looking:
                self._say(f"{len(self._hits):,} found, {looked_at:,} of {total:,} looked at")
        if len(self._hits) >= MAX_HITS:
            self._say(f"the newest {MAX_HITS}: a word more finds fewer")
        else:
            self._say(f"{len(self._hits):,} found in {looked_at:,}" if self._hits else "nothing found")

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

    def _list(self, hits: Iterable[TimelineEntry], query: Query) -> None:
        width = max(20, self.query_one(OptionList).size.width - 4)
        self.query_one(OptionList).add_options([Option(self._line(hit, query, width)) for hit in hits])

    def _say(self, text: str) -> None:
        self.query_one("#search-state", Static).update(one_line(text), layout=False)

    def _line(self, hit: TimelineEntry, query: Query, width: int) -> Content:
        """When, who, and the part of the text that has the first hit, with all hits in it marked."""
        text = one_line(hit.text or "")
        first = next(iter(spans(text, query.terms)), (0, 0))[0]
        if first > _AROUND:
            text = "…" + text[first - _AROUND + 1 :]
        moment = local(hit.time, self._zone)
        form = "%Y-%m-%d %H:%M" if width >= _WIDE else "%y-%m-%d"
        written = "--------" if moment is None else moment.strftime(form)
        head = f"{written} {one_line(self._people.label(hit.author, hit.name))}: "
        shown = shorten(text, max(10, width - len(head)))
        content = Content.assemble((head, "$text-muted"), shown)
        for start, end in spans(shown, query.terms):
            content = content.stylize("bold underline", len(head) + start, len(head) + end)
        return content
