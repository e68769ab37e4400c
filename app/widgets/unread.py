"""Which entries are unread: ranges of their numbers, feed by feed. Pure.

- Places in the timeline can change, and what arrives late stands among what was read; numbers in a feed stay.
- A range may hold numbers of what is never shown, such as edits. Who adds and takes away trims them where it matters.
- At most MAX_RANGES for a feed: beyond that those are joined that lie closest, so that some count as unread again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence

MAX_RANGES = 64

Range = tuple[int, int]  # the first and the last number


class Unread:
    def __init__(self, numbers: Mapping[bytes, Sequence[int]]) -> None:
        """numbers: by feed, the first and the last of a range, then of the next; as `numbers` gives them."""
        self._ranges: dict[bytes, list[Range]] = {}
        for feed, edges in numbers.items():
            for low, high in zip(edges[::2], edges[1::2], strict=True):
                self.add(feed, low, high)

    def numbers(self) -> dict[bytes, list[int]]:
        return {feed: [edge for ends in ranges for edge in ends] for feed, ranges in self._ranges.items()}

    @property
    def feeds(self) -> list[bytes]:
        return list(self._ranges)

    def ranges(self, feed: bytes) -> Sequence[Range]:
        return self._ranges.get(feed, ())

    def has(self, feed: bytes, seq: int) -> bool:
        ranges = self._ranges.get(feed)
        if not ranges:
            return False
        index = bisect_right(ranges, seq, key=_low) - 1
        return index >= 0 and ranges[index][1] >= seq

    def count(self, is_counted: Callable[[bytes], bool] = lambda _: True) -> int:
        """How many there are in the feeds that count."""
        return sum(high - low + 1 for feed, ranges in self._ranges.items() if is_counted(feed) for low, high in ranges)

    def add(self, feed: bytes, low: int, high: int) -> None:
        if low > high:
            return
        ranges = self._ranges.setdefault(feed, [])
        first = bisect_left(ranges, low - 1, key=_high)
        last = bisect_right(ranges, high + 1, key=_low)
        if first < last:
            low, high = min(low, ranges[first][0]), max(high, ranges[last - 1][1])
        ranges[first:last] = [(low, high)]
        if len(ranges) > MAX_RANGES:
            closest = min(range(1, len(ranges)), key=lambda index: ranges[index][0] - ranges[index - 1][1])
            ranges[closest - 1 : closest + 1] = [(ranges[closest - 1][0], ranges[closest][1])]

    def remove(self, feed: bytes, low: int, high: int) -> bool:
        """Whether any of them was unread."""
        ranges = self._ranges.get(feed)
        if not ranges:
            return False
        first = bisect_left(ranges, low, key=_high)
        last = bisect_right(ranges, high, key=_low)
        if first >= last:
            return False
        rest = [(ranges[first][0], low - 1), (high + 1, ranges[last - 1][1])]
        ranges[first:last] = [ends for ends in rest if ends[0] <= ends[1]]
        if not ranges:
            del self._ranges[feed]
        return True

    def clear(self) -> None:
        self._ranges.clear()


def _low(ends: Range) -> int:
    return ends[0]


def _high(ends: Range) -> int:
    return ends[1]
