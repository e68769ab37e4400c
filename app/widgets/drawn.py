"""Rows on their way to the terminal, so that they leave no garbage behind.

Textual's `Strip.divide` puts a strip that need not be divided into its own cache, and that is a cycle for each row of
each page. Only the collector finds those, in full collections of 20 ms in the middle of a page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textual.strip import Strip


class DrawnRow(Strip):
    __slots__ = ()

    def divide(self, cuts: Iterable[int]) -> Sequence[Strip]:
        kept = [cut for cut in cuts if cut <= self.cell_length]
        return [self] if kept == [self.cell_length] else super().divide(kept)


def drawn(strips: Iterable[Strip]) -> list[Strip]:
    return [DrawnRow(strip, strip.cell_length) for strip in strips]
