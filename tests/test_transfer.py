"""Progress and rate of a long exchange, with the time passed in."""

from __future__ import annotations

import pytest

from app.transfer import Transfer


def test_a_short_exchange_has_no_progress_bar() -> None:
    transfer = Transfer()
    transfer.left(1000, now=10.0)
    transfer.left(500, now=10.5)
    assert transfer.total(10.5) == 0


def test_a_long_exchange_has_a_total_and_a_rate() -> None:
    transfer = Transfer()
    for second in range(5):
        transfer.left(1000 - 100 * second, now=10.0 + second)
    assert transfer.total(14.0) == 1000
    assert transfer.rate(14.0) == pytest.approx(100)


def test_what_comes_on_top_makes_the_total_larger_and_no_rate() -> None:
    transfer = Transfer()
    transfer.left(100, now=0.0)
    transfer.left(300, now=2.0)
    assert transfer.total(2.0) == 300
    assert transfer.rate(2.0) == 0


def test_a_rate_falls_while_nothing_comes_and_is_soon_told_no_more() -> None:
    transfer = Transfer()
    transfer.left(1000, now=0.0)
    transfer.left(900, now=1.0)
    assert transfer.rate(1.0) == pytest.approx(100)
    assert transfer.rate(2.5) == pytest.approx(40)
    assert transfer.rate(3.1) == 0
    assert transfer.total(3.1) == 1000
    transfer.left(800, now=5.0)
    assert transfer.rate(5.0) == pytest.approx(25)


def test_a_rate_forgets_what_was_long_ago() -> None:
    transfer = Transfer()
    transfer.left(100_000, now=0.0)
    transfer.left(1_000, now=1.0)
    for second in range(2, 10):
        transfer.left(1_000 - 10 * second, now=float(second))
    assert transfer.rate(9.0) == pytest.approx(10, abs=1)


def test_the_next_exchange_begins_anew() -> None:
    transfer = Transfer()
    transfer.left(1000, now=0.0)
    transfer.left(0, now=5.0)
    assert transfer.total(5.0) == 0
    transfer.left(10, now=100.0)
    transfer.left(5, now=102.0)
    assert transfer.total(102.0) == 10
    assert transfer.rate(102.0) == pytest.approx(2.5)


def test_samples_stay_few_however_often_it_is_told() -> None:
    transfer = Transfer()
    for number in range(10_000):
        transfer.left(10_000 - number, now=number / 1000)
    assert len(transfer._samples) < 40
