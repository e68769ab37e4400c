"""What a page leaves behind when it goes."""

from __future__ import annotations

import gc

from rich.segment import Segment
from textual.strip import Strip

from app.widgets.drawn import drawn


def test_a_row_that_was_drawn_goes_without_the_collector() -> None:
    gc.collect()
    (row,) = drawn([Strip([Segment("hello")], 5)])
    assert row.divide([5, 9]) == [row]
    del row
    assert gc.collect() == 0


def test_a_row_is_divided_as_any_other() -> None:
    plain = Strip([Segment("hello")], 5)
    (row,) = drawn([plain])
    assert row == plain
    assert [part.text for part in row.divide([2, 5])] == [part.text for part in plain.divide([2, 5])] == ["he", "llo"]
