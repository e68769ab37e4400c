"""Finding messages: words in, hits out while the history is being looked through, Enter goes to one.

- Looking happens in a thread, in steps of some milliseconds; a word more begins anew, and ends what was under way.
- The newest hits come first and stay where they are while others follow. At most MAX_HITS are listed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import tzinfo
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from app.errors import ChatError
from app.people import People
from app.search import Query, parse_query, spans
from app.text import one_line
from app.timeline import TimelineEntry
from app.widgets.backend import ChatLog
from app.widgets.moments import local
from app.widgets.wrap import shorten

MAX_HITS = 500
_PAUSE = 0.15  # seconds after a letter: who types a word means all of it
_AROUND = 30  # characters before a hit that are shown with it
_WIDE = 60  # cells; below, the time of day would leave too few for the text


class SearchScreen(ModalScreen[tuple[list[TimelineEntry], int] | None]):
    """Ends with what was found, the newest first, and which of them to go to; or with None."""

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

    def compose(self) -> ComposeResult:
        with Vertical(id="search"):
            yield Input(self._words, placeholder="words  from:NAME  on:2026-11-01  after: before:", id="search-words")
            yield Static("", id="search-state", markup=False)
            yield OptionList(id="search-hits", markup=False)

    def on_mount(self) -> None:
        if self._words:
            self._begin(self._words)

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._begin(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        """Enter takes the newest hit."""
        if self._hits:
            self.dismiss((self._hits, 0))

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss((self._hits, event.option_index))

    def action_into_hits(self) -> None:
        if self._hits:
            listed = self.query_one(OptionList)
            listed.highlighted = 0
            listed.focus()

    def _begin(self, words: str) -> None:
        self.run_worker(self._look_for(words), exclusive=True)

    async def _look_for(self, words: str) -> None:
        self._hits = []
        self.query_one(OptionList).clear_options()
        if not words.strip():
            self._say("")
            return
        await asyncio.sleep(_PAUSE)
        try:
            query = parse_query(words, keys_of=self._people.called, zone=self._zone)
        except ChatError as error:
            self._say(str(error))
            return
        steps, total, looked_at = self._log.search(query), self._log.count(), 0
        while (found := await asyncio.to_thread(next, steps, None)) is not None:
            looked_at = found.looked_at
            self._add(found.hits[: MAX_HITS - len(self._hits)], query)
            if len(self._hits) >= MAX_HITS:
                self._say(f"the newest {MAX_HITS}: a word more finds fewer")
                return
            self._say(f"{len(self._hits):,} found, {looked_at:,} of {total:,} looked at")
        self._say(f"{len(self._hits):,} found in {looked_at:,}" if self._hits else "nothing found")

    def _add(self, hits: Iterable[TimelineEntry], query: Query) -> None:
        new = [hit for hit in hits if not self._people.is_refused(hit.author)]
        if new:
            self._hits += new
            width = max(20, self.query_one(OptionList).size.width - 4)
            self.query_one(OptionList).add_options([Option(self._line(hit, query, width)) for hit in new])

    def _say(self, text: str) -> None:
        self.query_one("#search-state", Static).update(one_line(text))

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
