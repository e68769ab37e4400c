"""A short run over the corpus and changes of it; `python -m tests.fuzz` is the long one."""

from __future__ import annotations

from itertools import islice
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.mutations import corpus, mutated
from tests.fuzz.targets import TARGETS

INPUTS = {"frames": 30_000, "entries": 30_000, "session": 3_000, "texts": 3_000, "proofs": 2_000}  # about a second each


@pytest.mark.parametrize("target", TARGETS)
def test_what_was_found_once_holds(target: str) -> None:
    seeds = corpus(target)
    assert len(seeds) > 5
    for data in seeds:
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
def test_small_changes_of_real_bytes_make_nothing_raise(target: str) -> None:
    for data in islice(mutated(corpus(target), Random(7)), INPUTS[target]):
        TARGETS[target](data)


@pytest.mark.parametrize("target", TARGETS)
@given(data=st.binary(max_size=300))
def test_no_bytes_make_anything_raise(target: str, data: bytes) -> None:
    TARGETS[target](data)
