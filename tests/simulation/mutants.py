"""Faults that are put into the program on purpose, and how many seeds it takes until one of them is caught."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import chain

from tests.simulation import mutants_of_replication, mutants_of_storage
from tests.simulation.mutation import Patch
from tests.simulation.plan import draw
from tests.simulation.seeds import print_now
from tests.simulation.story import run

MOST_SEEDS = 300
RARE = {  # seeds that are tried first, for what needs several troubles at once
    "a_branch_is_saved_once_or_never": (500237,),
    "healed_logs_are_left_alone": (804778,),
    "lost_logs_are_left_alone": (1406156,),
}

Mutant = Callable[[Patch], None]


@dataclass(frozen=True, slots=True)
class Catch:
    """tried: how many seeds, the one that caught it included; failure: empty if none did."""

    name: str
    tried: int
    seed: int
    failure: str
    seconds: float


def all_mutants() -> dict[str, Mutant]:
    return {
        name: mutant
        for module in (mutants_of_replication, mutants_of_storage)
        for name, mutant in inspect.getmembers(module, inspect.isfunction)
        if mutant.__module__ == module.__name__ and not name.startswith("_")
    }


def catch(name: str, first: tuple[int, ...] = (), most: int = MOST_SEEDS) -> Catch:
    """first: seeds to be tried before all others."""
    start = time.perf_counter()
    mutant = all_mutants()[name]
    for tried, seed in enumerate(chain(first, RARE.get(name, ()), range(most)), 1):
        with ExitStack() as stack:
            mutant(Patch(stack))
            try:
                run(draw(seed))
            except Exception as error:  # a mutant may break anything
                return Catch(name, tried, seed, str(error) or repr(error), time.perf_counter() - start)
    return Catch(name, most, -1, "", time.perf_counter() - start)


def in_words(mutant: Mutant) -> str:
    return (inspect.getdoc(mutant) or "").splitlines()[0].rstrip(".")


def print_table(jobs: int) -> int:
    """As Markdown. The exit status says whether each was caught."""
    missed = 0
    mutants = all_mutants()
    print_now("| fault | caught by seed | what was seen |\n| --- | --- | --- |")
    with ProcessPoolExecutor(jobs) as pool:
        for found in pool.map(catch, mutants):
            missed += not found.failure
            by = str(found.seed) if found.failure else "none"
            print_now(
                f"| {in_words(mutants[found.name])} | {by} | {found.failure.splitlines()[0] if by != 'none' else ''} |"
            )
    print_now(f"\n{len(mutants)} faults, {missed} not caught")
    return 1 if missed else 0
