"""Carrying by hand, with real processes, also while the chat goes on."""

from __future__ import annotations

from tests.end_to_end.terminal import Household


def test_a_file_is_written_and_taken_in_while_both_chat(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    file = str(household.data_dir("file"))
    at_alice, at_bob = household.lines(alice, "somebody"), household.lines(bob, "somebody")
    at_alice.type("carried")
    at_alice.wait_for(f"{alice}> carried")
    place = ("--data-dir", str(household.data_dir(alice)))
    written = household.run("export", alice, file, *place)
    assert (written.returncode, "2 entries are in" in written.stdout) == (0, True)
    assert "not encrypted" in written.stderr
    assert household.run("export", alice, file, *place).returncode == 1
    refused = household.run("export", alice, file + "2", "--for", bob, *place)
    assert (refused.returncode, f"{bob} was never let in here" in refused.stderr) == (2, True)
    at_bob.type("here already")  # so that the room is open
    at_bob.wait_for(f"{bob}> here already")
    place = ("--data-dir", str(household.data_dir(bob)))
    taken = household.run("import", bob, file, *place)
    assert (taken.returncode, "2 new entries by" in taken.stdout) == (0, True)
    at_bob.wait_for(f"{alice}?> carried")
    page = household.run("export", bob, file + ".html", "--format", "html", *place)
    assert page.returncode == 0
    assert at_alice.end() == 0
    assert at_bob.end() == 0
    assert "0 new entries were taken" in household.run("import", bob, file, *place).stdout
    assert household.check(bob).returncode == 0


def test_a_file_goes_to_and_fro_between_computers_that_never_meet(household: Household) -> None:
    alice, bob = household.name("alice"), household.name("bob")
    for me, text in ((alice, "from alice"), (bob, "from bob")):
        writer = household.lines(me, "somebody", "--linger", "0")
        writer.type(text)
        assert writer.end() == 0
    for number, (source, target) in enumerate(((alice, bob), (bob, alice))):
        file = str(household.data_dir(f"file {number}"))
        assert household.run("export", source, file, "--data-dir", str(household.data_dir(source))).returncode == 0
        assert household.run("import", target, file, "--data-dir", str(household.data_dir(target))).returncode == 0
    for me, other in ((alice, bob), (bob, alice)):
        reader = household.lines(me, "somebody", "--admit", "--linger", "0")
        assert reader.end() == 0
        assert reader.seen == [
            line.replace(f"{other}>", f"{other}?>") for line in (f"{alice}> from alice", f"{bob}> from bob")
        ]
