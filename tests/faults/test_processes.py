"""Faults of processes, in short; `python -m tests.faults` tries kills, stopped, sleeping and visits for longer."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from tests.faults.descriptors import run_out
from tests.faults.kills import kill_and_go_on
from tests.faults.shim import NotAvailableError, library
from tests.faults.sleeping import a_day
from tests.faults.starts import kill_while_starting
from tests.faults.stopped import stop_for
from tests.faults.visits import come_and_go


def test_whichever_side_of_a_transfer_is_killed_both_end_with_the_same(tmp_path: Path) -> None:
    kill_and_go_on(tmp_path, Random(3))


def test_a_peer_that_is_stopped_holds_nobody_up_and_catches_up(tmp_path: Path) -> None:
    stop_for(tmp_path, 1.0)


def test_a_laptop_that_slept_for_hours_is_there_again_at_once(tmp_path: Path) -> None:
    try:
        library()
    except NotAvailableError as error:
        pytest.skip(str(error))
    a_day(tmp_path, 3, long_sleep=False)


def test_connections_that_come_and_go_leave_nothing_behind(tmp_path: Path) -> None:
    come_and_go(tmp_path, Random(1))


def test_a_start_that_was_killed_at_any_moment_is_no_hindrance_to_the_next(tmp_path: Path) -> None:
    kill_while_starting(tmp_path, Random(1))


def test_without_a_descriptor_left_it_goes_on_writing_and_takes_up_again(tmp_path: Path) -> None:
    run_out(tmp_path)
