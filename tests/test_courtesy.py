"""Background work gives way to a person, and not for ever."""

from __future__ import annotations

import pytest

from app import courtesy
from app.courtesy import REST, WORK, Courtesy


class Time:
    """What the module takes for the time: it passes only while somebody sleeps, or when told to."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept = 0.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(courtesy, "time", time)
    return time


def test_nobody_rests_when_nobody_acts(time: Time) -> None:
    Courtesy().give_way()
    assert time.slept == 0


def test_work_rests_after_a_key_and_then_goes_on(time: Time) -> None:
    polite = Courtesy()
    polite.person_acts()
    time.now += REST / 3
    polite.give_way()
    polite.give_way()
    assert time.slept == pytest.approx(REST * 2 / 3)


def test_a_key_that_is_held_down_leaves_time_for_work(time: Time) -> None:
    polite = Courtesy()
    worked = 0.0
    for _ in range(1_000):
        polite.person_acts()
        polite.give_way()
        time.now += 0.001
        worked += 0.001
    assert worked / (worked + time.slept) >= 0.9 * WORK / (WORK + REST)
