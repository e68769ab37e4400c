"""A disk that fails for a while. `python -m tests.faults disk_errors --times 800` tries it longer."""

from __future__ import annotations

import errno
from pathlib import Path
from random import Random

import pytest

from tests.faults.disk_errors import fail_for_a_while
from tests.faults.shim import NotAvailableError, library


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.EIO, "write"),
        (errno.EIO, "sync"),
        (errno.ENOSPC, "write"),
        (errno.EDQUOT, "sync"),
        (errno.EROFS, "write"),
    ],
)
def test_a_failing_disk_is_told_and_nothing_that_was_shown_is_lost(tmp_path: Path, number: int, kind: str) -> None:
    try:
        library()
    except NotAvailableError as error:
        pytest.skip(str(error))
    fail_for_a_while(tmp_path, number, kind, Random(number))
