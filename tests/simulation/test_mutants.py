"""The simulation finds what it is there to find: each of these faults, put in on purpose, is caught."""

from __future__ import annotations

import pytest

from tests.simulation.mutants import all_mutants, catch

# Seeds that caught it lately are tried first. Where none does any more, it takes longer and is caught all the same.
CAUGHT_BY = {
    "a_moved_database_goes_on": 2,
    "anybody_edits": 3,
    "chain_is_not_checked": 132,
    "clamp_is_missing": 8,
    "clock_ignores_others": 2,
    "copies_stand_beside_their_originals": 3,
    "counts_forget_moves": 8,
    "duplicate_is_stored": 249,
    "first_edit_counts": 1,
    "forgets_what_could_not_be_written": 1,
    "gap_is_jumped_over": 170,
    "gives_up_when_the_disk_is_full": 1,
    "held_by_who_says_so": 132,
    "late_edit_undoes_a_deletion": 1,
    "nothing_is_cited": 8,
    "predecessor_is_ignored": 6,
    "reaction_is_counted_twice": 1,
    "reaction_is_never_taken_back": 8,
    "reader_misses_a_commit": 8,
    "signature_is_not_checked": 24,
    "the_other_branch_is_forgotten": 170,
    "unproved_claim_is_believed": 1,
    "void_for_ever": 11,
    "want_ids_are_used_again": 1,
    "want_never_expires": 2,
}


@pytest.mark.parametrize("name", all_mutants())
def test_a_fault_is_caught(name: str) -> None:
    hints = (CAUGHT_BY[name],) if name in CAUGHT_BY else ()

    assert catch(name, hints).failure
