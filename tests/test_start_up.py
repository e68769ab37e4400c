"""What the collector of garbage is told not to look at again."""

from __future__ import annotations

import gc

from app import start_up


def test_where_nothing_was_loaded_nothing_more_is_kept_for_good() -> None:
    try:
        start_up.keep()
        frozen = gc.get_freeze_count()
        start_up.keep()
        made: list[list[int]] = [[] for _ in range(100)]
        start_up.keep()
        assert gc.get_freeze_count() <= frozen
        assert made
    finally:
        gc.unfreeze()
