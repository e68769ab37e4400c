"""How far a long command has come is told in one line that is written over, and only if it takes long."""

from __future__ import annotations

import pytest

from app.progress import Progress

SIXTEENTH = 0.0625  # seconds, exactly


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def told(progress: Progress, clock: Clock, capsys: pytest.CaptureFixture[str]) -> list[str]:
    for number in range(21):
        progress(number, 1000)
        clock.now += SIXTEENTH
    progress.end()
    return capsys.readouterr().err.splitlines()


def test_it_speaks_a_few_times_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = told(Progress("bytes read", debug=True, clock=clock), clock, capsys)
    assert lines == [f"bytes read: {number} of 1,000" for number in (0, 4, 8, 12, 16, 20)]


def test_what_is_over_soon_is_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    lines = told(Progress("bytes read", debug=True, silence=1.0, clock=clock), clock, capsys)
    assert lines == ["bytes read: 16 of 1,000", "bytes read: 20 of 1,000"]


def test_where_nobody_looks_nothing_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    assert told(Progress("bytes read", debug=False, clock=clock), clock, capsys) == []
