"""A disk without room at some of the steps. `python -m tests.faults disk_full --times 46` tries each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.disk_full import first_start, read_only, while_writing
from tests.faults.shim import NotAvailableError


@contextmanager
def where_possible() -> Iterator[None]:
    try:
        yield
    except NotAvailableError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("kib", [4, 32, 60, 64, 72, 76])
def test_a_first_start_without_room_is_a_sentence_and_the_next_one_works(tmp_path: Path, kib: int) -> None:
    with where_possible():
        first_start(tmp_path, kib=kib)


def test_a_disk_that_fills_up_while_people_write_is_told_once_and_it_goes_on_by_itself(tmp_path: Path) -> None:
    with where_possible():
        while_writing(tmp_path)


def test_a_disk_that_has_become_read_only_is_told_as_such(tmp_path: Path) -> None:
    with where_possible():
        read_only(tmp_path)
