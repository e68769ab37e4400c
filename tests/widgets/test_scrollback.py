"""The scrollback against a naive model that renders the whole timeline and cuts the screen out of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from msgspec.structs import replace

from app.entry import UNREADABLE, Entry
from app.timeline import TimelineEntry
from app.widgets.rows import Columns, EntryRows
from app.widgets.scrollback import Scrollback
from app.widgets.window import MAX_ENTRIES, ident
from tests.widgets.timelines import DAY, MINUTE, START, MemoryTimeline, message

TEXTS = st.one_of(
    st.sampled_from(["hello", "a b c", "漢字" * 12, "one\ntwo\nthree", "word " * 12, "👩\u200d👩\u200d👧 family"]),
    st.integers(10, 20).map(lambda lines: "\n".join(map(str, range(lines)))),
    st.text(max_size=60),
)


def naive_rows(
    timeline: MemoryTimeline,
    width: int,
    unread_from: bytes | None = None,
    opened: Collection[bytes] = (),
) -> list[str]:
    """opened: the keys of long texts that are not folded."""
    columns = Columns(width, UTC)
    shown: list[str] = []
    day: object = START  # no date
    above: TimelineEntry | None = None
    told = unread_from is None
    for entry in timeline.entries:
        unread = not told and unread_from is not None and entry.key >= unread_from
        told = told or unread
        grouped = (
            above is not None
            and above.author == entry.author
            and above.time // (5 * MINUTE) == entry.time // (5 * MINUTE)
            and not unread
        )
        rows = EntryRows(entry, columns, grouped=grouped, opened=entry.key in opened)
        if rows.day != day or unread:
            shown.append(columns.rule(rows.day, new_day=rows.day != day, unread=unread).plain)
            day = rows.day
        shown += [rows.row(index).plain for index in range(len(rows))]
        above = entry
    return shown


def screen(scrollback: Scrollback) -> list[str]:
    return [line.row.plain for line in scrollback.lines()]


def filled(count: int, *, width: int = 40, height: int = 10) -> tuple[MemoryTimeline, Scrollback]:
    timeline = MemoryTimeline(message(number, f"message {number}") for number in range(1, count + 1))
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(width, height)
    return timeline, scrollback


class ScrollbackMachine(RuleBasedStateMachine):
    """Any sequence of arrivals, moves and resizes: the screen is always a cut of the naive rendering."""

    def __init__(self) -> None:
        super().__init__()
        self.timeline = MemoryTimeline()
        self.scrollback = Scrollback(self.timeline, zone=UTC)
        self.width, self.height = 40, 6
        self.scrollback.resize(self.width, self.height)
        self.number = 0
        self.unread_from: bytes | None = None

    def _naive_rows(self) -> list[str]:
        opened = {entry.key for entry in self.timeline.entries if ident(entry) in self.scrollback._layout._open}
        return naive_rows(self.timeline, self.width, self.unread_from, opened)

    def _add(self, place: int, text: str, days: int) -> TimelineEntry | None:
        if any(entry.key == place.to_bytes(16) for entry in self.timeline.entries):
            return None
        self.number += 1
        entry = message(self.number, text, place=place, time=START + days * DAY)
        self.timeline.add(entry)
        return entry

    @rule(places=st.lists(st.integers(1, 100_000), min_size=1, max_size=40), text=TEXTS, days=st.integers(0, 3))
    def lands_anywhere(self, places: list[int], text: str, days: int) -> None:
        added = [self._add(place, text, days) for place in places]
        self.scrollback.landed([entry for entry in added if entry])

    @rule(count=st.integers(1, 30), text=TEXTS, days=st.integers(0, 3))
    def lands_at_the_end(self, count: int, text: str, days: int) -> None:
        last = int.from_bytes(self.timeline.entries[-1].key) if self.timeline.entries else 0
        self.scrollback.landed([entry for k in range(count) if (entry := self._add(last + 10 * k + 1, text, days))])

    @precondition(lambda self: not self.scrollback.following)
    @rule(data=st.data(), text=TEXTS, days=st.integers(0, 3))
    def lands_above_the_screen_and_nothing_on_it_moves(self, data: st.DataObject, text: str, days: int) -> None:
        lines = self.scrollback.lines()
        top = int.from_bytes(lines[0].entry.key)
        if len(lines) < self.height or top < 2:
            return
        before, was_named = [line for line in lines if line.row.start >= 0], self._is_named(lines[0].entry)
        entry = self._add(data.draw(st.integers(1, top - 1)), text, days)
        self.scrollback.landed([entry] if entry else [])
        after = [line for line in self.scrollback.lines() if line.row.start >= 0]
        if was_named != self._is_named(lines[0].entry):
            # It goes on with what has landed, so that its first row has more room in a narrow pane.
            before, after = ([line for line in some if line.entry.key > lines[0].entry.key] for some in (before, after))
            fewer = min(len(before), len(after))
            assert [line.row.text for line in after[:fewer]] == [line.row.text for line in before[:fewer]]
            return
        # Only a day row at the top may give way to a row of what has landed there, or the other way round.
        kept = len(before) - 1
        assert [line.row.text for line in after[-kept:]] == [line.row.text for line in before[-kept:]] if kept else True

    def _is_named(self, entry: TimelineEntry) -> bool:
        return not self.scrollback._layout.rows(self.scrollback._window.find(entry.key)).grouped

    @precondition(lambda self: self.timeline.entries)
    @rule(data=st.data(), place=st.integers(1, 100_000))
    def moves(self, data: st.DataObject, place: int) -> None:
        entry = data.draw(st.sampled_from(self.timeline.entries))
        if any(other.key == place.to_bytes(16) for other in self.timeline.entries):
            return
        moved = replace(entry, key=place.to_bytes(16))
        self.timeline.move(entry, moved)
        self.scrollback.landed([moved])

    @precondition(lambda self: self.timeline.entries)
    @rule(data=st.data(), place=st.integers(1, 100_000), text=TEXTS)
    def a_late_dependency_moves_an_entry_untold(self, data: st.DataObject, place: int, text: str) -> None:
        entry = data.draw(st.sampled_from(self.timeline.entries))
        taken = {other.key for other in self.timeline.entries}
        key = (place + 1).to_bytes(16)
        if place.to_bytes(16) < entry.key or key in taken or (late := self._add(place, text, 0)) is None:
            return
        self.timeline.move(entry, replace(entry, key=key))
        self.scrollback.landed([late])

    @rule(rows=st.integers(-40, 40))
    def scrolls(self, rows: int) -> None:
        rendered, before = self._naive_rows(), screen(self.scrollback)
        self.scrollback.scroll(rows)
        if before and len(rendered) > self.height:
            tops = [top for top in range(len(rendered)) if rendered[top : top + self.height] == before]
            last = len(rendered) - self.height
            goals = [rendered[goal : goal + self.height] for top in tops for goal in [min(last, max(0, top + rows))]]
            assert screen(self.scrollback) in goals

    @rule(width=st.integers(8, 120), height=st.integers(1, 30))
    def resizes(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.scrollback.resize(width, height)

    @rule(place=st.none() | st.integers(0, 100_000))
    def the_unread_begin_elsewhere(self, place: int | None) -> None:
        self.unread_from = None if place is None else place.to_bytes(16)
        self.scrollback.draw_rule(self.unread_from)

    @rule(steps=st.integers(-10, 10))
    def a_long_text_is_opened_or_closed(self, steps: int) -> None:
        self.scrollback.point()
        self.scrollback.move_cursor(steps)
        self.scrollback.fold()
        self.scrollback.point_not()

    @rule()
    def goes_to_the_start(self) -> None:
        self.scrollback.to_start()
        assert screen(self.scrollback) == self._naive_rows()[: self.height] or (self.scrollback.following)

    @rule()
    def goes_to_the_end(self) -> None:
        self.scrollback.to_end()
        assert self.scrollback.following

    @rule(rank=st.integers(0, 200))
    def is_dragged(self, rank: int) -> None:
        self.scrollback.to_rank(rank)

    @invariant()
    def the_screen_is_a_cut_of_the_whole(self) -> None:
        rendered, shown = self._naive_rows(), screen(self.scrollback)
        assert len(shown) == min(self.height, len(rendered))
        assert any(rendered[top : top + len(shown)] == shown for top in range(len(rendered) - len(shown) + 1))
        if self.scrollback.following:
            assert rendered[len(rendered) - len(shown) :] == shown

    @invariant()
    def the_scroll_bar_stays_in_its_range(self) -> None:
        extent = self.scrollback.extent()
        assert 0 <= extent.position <= extent.position + extent.size <= extent.total == len(self.timeline.entries)


ScrollbackMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestScrollbackMachine = ScrollbackMachine.TestCase


def test_the_newest_message_is_at_the_bottom_at_first() -> None:
    _, scrollback = filled(500)
    assert screen(scrollback)[-1].endswith("message 500")
    assert scrollback.following


def test_opening_reads_one_page_whatever_the_length() -> None:
    timeline, scrollback = filled(5000)
    scrollback.lines()
    assert timeline.reads == 1


def test_paging_up_to_the_top_and_down_again_shows_every_row_and_ends_at_the_end() -> None:
    timeline, scrollback = filled(1500)
    end = screen(scrollback)
    seen: set[str] = set()
    for _ in range(1000):
        seen.update(shown := screen(scrollback))
        scrollback.page_up()
        if screen(scrollback) == shown:
            break
    rendered = naive_rows(timeline, 40)
    assert shown == rendered[:10]
    assert seen == set(rendered)
    while not scrollback.following:
        scrollback.page_down()
    assert screen(scrollback) == end


def test_a_reader_who_scrolled_up_does_not_move_whatever_lands_below() -> None:
    timeline, scrollback = filled(50)
    scrollback.page_up()
    before = screen(scrollback)
    for number in range(51, 63):
        timeline.add(entry := message(number, "new"))
        scrollback.landed([entry])
    assert screen(scrollback) == before


def test_a_late_message_above_the_screen_does_not_move_it() -> None:
    timeline = MemoryTimeline(message(number, f"message {number}", place=number * 10) for number in range(1, 101))
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(40, 10)
    scrollback.scroll(-30)
    before = screen(scrollback)
    late = message(500, "late", place=55)
    timeline.add(late)
    scrollback.landed([late])
    assert screen(scrollback) == before


def test_a_flood_at_the_end_keeps_the_window_small_and_the_reader_in_place() -> None:
    timeline, scrollback = filled(50)
    scrollback.page_up()
    before = screen(scrollback)
    for start in range(51, 20_000, 500):
        entries = [message(number, "flood") for number in range(start, start + 500)]
        timeline.entries += entries
        scrollback.landed(entries)
    assert screen(scrollback) == before
    assert scrollback._window.end - scrollback._window.first <= MAX_ENTRIES


def test_a_flood_that_is_not_told_one_by_one_does_not_move_the_reader() -> None:
    timeline = MemoryTimeline(message(number, f"message {number}", place=number * 10) for number in range(1, 101))
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(40, 10)
    scrollback.scroll(-30)
    before = screen(scrollback)
    for number in range(1, 301):
        timeline.add(message(1000 + number, "early", place=number))
        timeline.add(message(2000 + number, "late", place=5000 + number))
    scrollback.flooded()
    assert screen(scrollback) == before
    timeline.add(one := message(9000, "one more", place=9000))
    scrollback.landed([one])
    scrollback.to_end()
    assert screen(scrollback)[-1].endswith("one more")


def test_a_reader_who_follows_sees_a_flood_at_its_end() -> None:
    timeline, scrollback = filled(50)
    entries = [message(number, f"message {number}") for number in range(51, 5051)]
    timeline.entries += entries
    scrollback.landed(entries)
    assert screen(scrollback)[-1].endswith("message 5050")
    assert scrollback._window.end - scrollback._window.first <= MAX_ENTRIES


@given(st.integers(20, 120), st.integers(20, 120))
@settings(max_examples=25)
def test_a_change_of_width_keeps_the_first_character_on_the_screen(first: int, second: int) -> None:
    text = " ".join(f"word{number}" for number in range(400))
    timeline = MemoryTimeline([message(number, text) for number in range(1, 5)])
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(first, 10)
    scrollback.scroll(-80)  # as many rows as fill the screen also when they become wider
    top = scrollback.lines()[0]
    scrollback.resize(second, 10)
    again = scrollback.lines()[0]
    assert again.entry == top.entry
    assert again.row.start <= top.row.start < again.row.start + len(again.row.text) + 1
    scrollback.resize(first, 10)
    assert scrollback.lines()[0].row == top.row


def test_a_pane_that_shrinks_and_grows_again_shows_what_it_showed() -> None:
    _, scrollback = filled(100)
    scrollback.scroll(-20)
    before = screen(scrollback)
    scrollback.resize(40, 4)
    assert screen(scrollback) == before[:4]
    scrollback.resize(40, 10)
    assert screen(scrollback) == before


def test_a_reader_who_follows_sees_the_newest_before_it_is_told() -> None:
    timeline, scrollback = filled(50)
    entries = [message(number, f"message {number}") for number in range(51, 5051)]
    timeline.entries += entries
    scrollback.landed(entries[:10])
    assert screen(scrollback)[-1].endswith("message 5050")
    for start in range(10, 5000, 10):
        scrollback.landed(entries[start : start + 10])
        assert screen(scrollback)[-1].endswith("message 5050")


def test_a_reader_who_scrolled_up_reads_on_into_what_was_not_told_yet() -> None:
    timeline, scrollback = filled(50)
    scrollback.page_up()
    entries = [message(number, f"message {number}") for number in range(51, 71)]
    timeline.entries += entries
    scrollback.landed(entries[:1])
    while not scrollback.following:
        scrollback.page_down()
    assert screen(scrollback)[-1].endswith("message 70")


def test_each_day_begins_with_its_date() -> None:
    timeline = MemoryTimeline([message(1, "first"), message(2, "second", time=START + DAY)])
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(80, 10)
    shown = screen(scrollback)
    assert "Tuesday, 14 November 2023" in shown[0]
    assert "Wednesday, 15 November 2023" in shown[2]


def test_what_cannot_be_read_has_a_placeholder() -> None:
    plain = message(1, "x")
    entries = [
        TimelineEntry(number.to_bytes(16), plain.feed, number, plain.author, "bob", START, False, entry)
        for number, entry in enumerate([UNREADABLE, Entry(START, (), 6, b"x"), Entry(2**63 - 1, (), 2, "far")], 1)
    ]
    scrollback = Scrollback(MemoryTimeline(entries), zone=UTC)
    scrollback.resize(80, 10)
    shown = "\n".join(screen(scrollback))
    assert "[a message that cannot be read]" in shown
    assert "kind (6)" in shown
    assert "at an unknown date" in shown
    assert "--:-- " in shown


def test_narrow_panes_waste_no_columns() -> None:
    timeline = MemoryTimeline([message(1, "the quick brown fox jumps over the lazy dog again")])
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(39, 8)
    assert screen(scrollback)[1:] == ["22:14 bob the quick brown fox jumps", "  over the lazy dog again"]


def test_text_by_others_is_harmless_in_every_row() -> None:
    hostile = "\x1b]52;c;aGk=\x07\x1b[2J\u202e\x9b31m\x00\tend\r\nnext"
    timeline = MemoryTimeline([message(1, hostile, name="eve\x1b[31m\u202e")])
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(60, 10)
    shown = "".join(screen(scrollback))
    assert shown.isprintable()
    assert "\u202e" not in shown


def test_the_scroll_bar_tells_rank_and_count() -> None:
    _, scrollback = filled(1000)
    assert scrollback.extent().position + scrollback.extent().size == 1000
    scrollback.to_start()
    assert scrollback.extent().position == 0
    scrollback.to_rank(500)
    assert scrollback.extent().position == 500
    scrollback.to_rank(999)
    assert scrollback.following


def test_lines_keep_their_numbers_while_the_reader_moves() -> None:
    _, scrollback = filled(300)
    scrollback.scroll(-50)
    numbers = {line.row.plain: line.number for line in scrollback.lines()}
    generation = scrollback.generation
    scrollback.scroll(-150)
    scrollback.lines()
    scrollback.scroll(150)
    assert scrollback.generation == generation
    assert {line.row.plain: line.number for line in scrollback.lines()} == numbers


def test_text_between_two_places_is_the_messages_own() -> None:
    long = "the quick brown fox  jumps over the lazy dog again\nand a second line"
    timeline = MemoryTimeline([message(1, long), message(2, "yes"), message(3, "no")])
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(39, 20)
    lines = scrollback.lines()
    assert scrollback.text_between((lines[0].number, 0), (lines[-1].number, 99)) == f"{long}\nyes\nno"
    prefix = lines[1].row.prefix
    assert scrollback.text_between((lines[1].number, prefix + 4), (lines[2].number, 6)) == "quick brown fox  jumps over"
    assert scrollback.text_between((lines[4].number, 0), (lines[4].number, prefix + 1)) == "y"


def test_a_moment_is_found_whatever_lies_before_it() -> None:
    _, scrollback = filled(5000)
    scrollback.to_time(START + 100 * MINUTE)
    assert screen(scrollback)[0].endswith("message 100")
    scrollback.to_time(START + 100 * MINUTE + 1)
    assert screen(scrollback)[0].endswith("message 101")
    scrollback.to_time(0)
    assert any(row.endswith("message 1") for row in screen(scrollback)[:2])
    scrollback.to_time(START + 6000 * MINUTE)
    assert scrollback.following


def test_who_goes_on_within_five_minutes_is_not_named_again() -> None:
    texts = [("bob", 0), ("bob", 1), ("carol", 1), ("bob", 2), ("bob", 9)]
    timeline = MemoryTimeline(
        message(number, f"text {number}", time=START + 100_000_000 + minute * MINUTE, name=name)
        for number, (name, minute) in enumerate(texts, 1)
    )
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(80, 10)
    assert [row.split()[:2] for row in screen(scrollback)[1:]] == [
        ["22:15", "bob"],
        ["text", "2"],
        ["22:16", "carol"],
        ["22:17", "bob"],
        ["22:24", "bob"],
    ]
    columns = {row.index("text") for row in screen(scrollback)[1:]}
    assert len(columns) == 1
    scrollback.resize(39, 10)
    assert screen(scrollback)[1:4] == ["22:15 bob text 1", "  text 2", "22:16 carol text 3"]


def test_what_is_unread_begins_under_a_rule_that_does_not_move_the_reader() -> None:
    timeline, scrollback = filled(100)
    scrollback.scroll(-40)
    before = screen(scrollback)
    scrollback.draw_rule((30).to_bytes(16))
    assert screen(scrollback) == before
    scrollback.draw_rule(scrollback.lines()[4].entry.key)
    assert screen(scrollback)[:4] == before[:4]
    assert screen(scrollback)[4] == "─────────── unread from here ───────────"
    assert [row for row in naive_rows(timeline, 40, scrollback.unread_from) if "unread" in row] == [
        screen(scrollback)[4]
    ]


def test_a_day_that_begins_with_what_is_unread_has_one_rule() -> None:
    timeline = MemoryTimeline([message(1, "first"), message(2, "second", time=START + DAY)])
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(80, 10)
    scrollback.draw_rule((2).to_bytes(16))
    assert "Wednesday, 15 November 2023, unread from here" in screen(scrollback)[2]
    scrollback.resize(30, 10)
    assert screen(scrollback)[2].strip("─ ") == "Wed 15 Nov 2023, unread"


def test_a_long_text_is_folded_until_it_is_opened_and_copied_whole() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 41))
    timeline = MemoryTimeline([message(1, "before"), message(2, text), message(3, "after")])
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(80, 60)
    shown = screen(scrollback)
    assert len(shown) == 1 + 1 + 8 + 1 + 1
    assert shown[10].strip() == "… 32 more rows (F6, space)"
    lines = scrollback.lines()
    assert scrollback.text_between((lines[2].number, 0), (lines[-2].number, 99)) == text
    scrollback.point()
    scrollback.move_cursor(-1)
    generation = scrollback.generation
    scrollback.fold()
    assert scrollback.generation != generation
    assert len(screen(scrollback)) == 1 + 1 + 40 + 1
    scrollback.fold()
    assert screen(scrollback) == shown


def test_a_text_that_somebody_goes_to_is_not_folded() -> None:
    text = "\n".join(f"line {number}" for number in range(1, 41))
    timeline = MemoryTimeline(message(number, text) for number in range(1, 10))
    scrollback = Scrollback(timeline, zone=UTC)
    scrollback.resize(80, 20)
    scrollback.point_at(timeline.entries[3])
    assert any("line 12" in row for row in screen(scrollback))


def test_a_reader_comes_back_to_where_they_were() -> None:
    timeline, scrollback = filled(3000)
    scrollback.scroll(-500)
    scrollback.point()
    before, spot = screen(scrollback), scrollback.spot()
    scrollback.to_start()
    scrollback.point_not()
    timeline.add(message(5000, "new"))
    scrollback.landed(timeline.entries[-1:])
    scrollback.return_to(spot)
    assert screen(scrollback) == before
    assert scrollback.cursor == scrollback.lines()[-1].entry
    scrollback.to_end()
    end = scrollback.spot()
    scrollback.to_start()
    scrollback.return_to(end)
    assert scrollback.following


def test_what_a_reader_jumps_to_stands_under_a_little_of_what_is_before_it() -> None:
    _, scrollback = filled(300, height=24)
    scrollback.draw_rule((100).to_bytes(16))
    scrollback.bring((100).to_bytes(16))
    shown = screen(scrollback)
    assert shown[1].endswith("message 99")
    assert "unread from here" in shown[2]
    assert shown[3].endswith("message 100")
