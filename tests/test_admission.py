"""Who gets in, as people meet it: real nodes on loopback, commands, and what is remembered over a restart."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from msgspec.structs import replace

from app.errors import UsageError
from app.identity import Identity, fingerprint, grouped
from app.notices import MAX_REFUSALS_TOLD
from app.peers import Standing
from app.phrase import phrase
from app.replication.mesh_events import PeerState
from app.status import PeerPhase
from tests.persons import Person, people

__all__ = ["people"]


async def bob_has_written_to_alice(alice: Person, bob: Person) -> None:
    """Monday."""
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await bob.says("between us")
        await alice.until(lambda: alice.reads() == ["between us"])


async def test_who_knocks_comes_in_when_accepted_and_is_remembered(people: Callable[[str], Person]) -> None:
    alice, carol = people("alice"), people("carol")
    async with alice.chatting("somebody"), carol.chatting(alice.name):
        await alice.says("for those who are let in")
        await alice.until(lambda: "asks to be let in" in alice.notices())
        assert f"{carol.name} (key {grouped(carol.identity.fingerprint)})" in alice.notices()
        await carol.until(lambda: carol.phase(alice.name) is PeerPhase.KNOCKING)
        assert [status.waits for status in carol.node.statuses()] == [True]
        assert not any(status.waits for status in alice.node.statuses())
        assert carol.reads() == []
        answer = alice.node.command(f"/accept {carol.name}")
        assert carol.identity.fingerprint in answer.text.replace("-", "")
        await carol.until(lambda: carol.reads() == ["for those who are let in"])
    async with alice.chatting("somebody"), carol.chatting(alice.name):
        await alice.until(lambda: alice.phase(carol.name) is PeerPhase.CONNECTED)


async def test_accepting_binds_the_key_that_was_shown_not_who_has_the_name_by_then(
    people: Callable[[str], Person],
) -> None:
    alice, carol, impostor = people("alice"), people("carol"), people("mallory")
    impostor.name = carol.name
    async with alice.chatting("somebody"):
        async with carol.chatting(alice.name):
            await alice.until(lambda: "asks to be let in" in alice.notices())
        alice.node.command(f"/accept {carol.name}")
        async with impostor.chatting(alice.name):
            await alice.says("for carol")
            await alice.until(lambda: "shows another key" in alice.notices())
            assert impostor.reads() == []


async def test_of_two_who_knock_under_one_name_the_person_says_which(people: Callable[[str], Person]) -> None:
    alice, carol, other = people("alice"), people("carol"), people("mallory")
    other.name = carol.name
    async with alice.chatting("somebody"), carol.chatting(alice.name), other.chatting(alice.name):
        await alice.until(lambda: alice.notices().count("asks to be let in") == 2)
        with pytest.raises(UsageError, match=f"several are called {carol.name}: write {carol.name}~"):
            alice.node.command(f"/accept {carol.name}")
        alice.node.command(f"/accept {carol.name}~{carol.identity.fingerprint[:8]}")
        await alice.says("for the right carol")
        await carol.until(lambda: carol.reads() == ["for the right carol"])
        assert other.reads() == []


async def test_who_is_refused_stays_out_until_accepted(people: Callable[[str], Person]) -> None:
    alice, carol = people("alice"), people("carol")
    async with alice.chatting(carol.name), carol.chatting(alice.name):
        await alice.until(lambda: alice.phase(carol.name) is PeerPhase.CONNECTED)
        alice.node.command(f"/refuse {carol.name}")
        await carol.until(lambda: carol.phase(alice.name) is PeerPhase.REFUSED)
        await alice.says("without carol")
    async with alice.chatting(carol.name), carol.chatting(alice.name):
        await carol.until(lambda: carol.phase(alice.name) is PeerPhase.REFUSED)
        assert "you were refused there" in carol.notices()
        assert carol.reads() == []
        alice.node.command(f"/accept {carol.name}")
        await carol.until(lambda: carol.reads() == ["without carol"])


async def test_a_new_peer_waits_where_others_have_written(people: Callable[[str], Person]) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    await bob_has_written_to_alice(alice, bob)
    async with alice.chatting(carol.name), carol.chatting(alice.name):
        await alice.until(lambda: "will read" in alice.notices())
        assert alice.last_notice() == (
            f"{carol.name} will read 1 message by {bob.name}: /accept {carol.name} to let it in"
        )
        assert alice.phase(carol.name) is PeerPhase.KNOCKING
        assert carol.reads() == []
        assert alice.node.door.unconfirmed() == f"{carol.name} would read 1 message by {bob.name}"
        alice.node.command(f"/accept {carol.name}")
        await carol.until(lambda: carol.reads() == ["between us"])
    async with alice.chatting(carol.name):
        assert alice.node.door.unconfirmed() is None


async def test_who_was_let_in_comes_back_unasked_and_reads_what_others_wrote_later(
    people: Callable[[str], Person],
) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    async with alice.chatting(carol.name), carol.chatting(alice.name):
        await carol.says("while bob was away")
        await alice.until(lambda: alice.reads() == ["while bob was away"])
    async with alice.chatting(carol.name), bob.chatting(alice.name):
        await bob.until(lambda: bob.reads() == ["while bob was away"])


async def test_who_came_in_by_an_open_door_knocks_when_it_is_closed_and_who_was_named_does_not(
    people: Callable[[str], Person],
) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    async with alice.chatting(bob.name, admit_all=True), bob.chatting(alice.name), carol.chatting(alice.name):
        await alice.says("welcome")
        for peer in (bob, carol):
            await peer.until(lambda peer=peer: peer.reads() == ["welcome"])  # type: ignore[misc]
    async with alice.chatting("somebody"), bob.chatting(alice.name), carol.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
        await alice.until(lambda: alice.phase(carol.name) is PeerPhase.KNOCKING)
        pin = alice.node.door.pinned(carol.name)
        assert pin is not None
        assert (pin.key, pin.standing) == (carol.identity.public, None)


async def test_naming_all_of_them_is_confirmation(people: Callable[[str], Person]) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    await bob_has_written_to_alice(alice, bob)
    async with alice.chatting(bob.name, carol.name), carol.chatting(alice.name):
        await carol.until(lambda: carol.reads() == ["between us"])


async def test_the_option_admit_is_confirmation(people: Callable[[str], Person]) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    await bob_has_written_to_alice(alice, bob)
    async with alice.chatting(carol.name, admit=True), carol.chatting(alice.name):
        await carol.until(lambda: carol.reads() == ["between us"])


async def test_a_new_key_is_trusted_after_both_fingerprints_were_shown(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    old = bob.identity
    bob.identity = Identity.generate()
    bob.folder = bob.folder / "again"
    bob.folder.mkdir(mode=0o700)
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.REFUSED)
        await bob.until(lambda: "another key is known there" in bob.notices())
        shown = alice.node.command(f"/trust {bob.name}")
        assert shown.urgent
        assert grouped(old.fingerprint) in shown.text
        assert grouped(bob.identity.fingerprint) in shown.text
        assert alice.phase(bob.name) is PeerPhase.REFUSED
        alice.node.command(f"/trust {bob.name}")
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    records = alice.node.door.records
    assert (records[old.public].pinned_at, records[old.public].standing) == (None, None)
    assert records[bob.identity.public].pinned_at is not None


async def test_comparing_words_leaves_a_mark_that_stays_and_is_not_beside_another_key(
    people: Callable[[str], Person],
) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
        await bob.until(lambda: bob.phase(alice.name) is PeerPhase.CONNECTED)
        words = phrase(alice.identity.public, bob.identity.public)
        with pytest.raises(UsageError, match="compare the words"):
            alice.node.command(f"/verify {bob.name} yes")
        assert words in alice.node.command(f"/verify {bob.name}").text
        assert words in bob.node.command(f"/verify {alice.name}").text
        alice.node.command(f"/verify {bob.name} yes")
    async with alice.chatting(bob.name):
        [status] = alice.node.statuses()
        assert status.verified
        assert status.known == f"key {grouped(bob.identity.fingerprint)}"
    somebody_else = people("mallory")
    somebody_else.name = bob.name
    async with alice.chatting(bob.name), somebody_else.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.REFUSED)
        assert not any(status.verified for status in alice.node.statuses())


async def test_another_device_of_mine_is_let_in(people: Callable[[str], Person]) -> None:
    alice, laptop = people("alice"), people("laptop")
    laptop.identity = alice.identity
    async with alice.chatting("somebody"), laptop.chatting(alice.name):
        await alice.says("to myself")
        await laptop.until(lambda: laptop.reads() == ["to myself"])
        await alice.until(lambda: alice.phase(laptop.name) is PeerPhase.CONNECTED)
        labels = [status.label for status in alice.node.statuses()]
        assert f"{laptop.name} (my other device)" in labels


async def test_who_is_known_through_others_is_marked_until_met(people: Callable[[str], Person]) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")

    def name_of_alice() -> list[str]:
        return [bob.node.people.label(entry.author, entry.name) for entry in bob.node.log.after(bytes(16), 9)]

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(carol.chatting(alice.name, bob.name))
        async with alice.chatting(carol.name):
            await alice.says("through carol")
            await carol.until(lambda: carol.reads() == ["through carol"])
        await stack.enter_async_context(bob.chatting(carol.name))
        await bob.until(lambda: bob.reads() == ["through carol"])
        await bob.until(lambda: name_of_alice() == [f"{alice.name}?"])
    async with bob.chatting(alice.name), alice.chatting(bob.name):
        await bob.until(lambda: bob.phase(alice.name) is PeerPhase.CONNECTED)
        assert name_of_alice() == [alice.name]


async def test_a_key_that_contradicts_a_relayed_author_only_knocks(people: Callable[[str], Person]) -> None:
    alice, bob, impostor, carol = people("alice"), people("bob"), people("mallory"), people("carol")
    impostor.name = bob.name
    async with carol.chatting(alice.name, bob.name):
        async with bob.chatting(carol.name):
            await bob.says("hello")
            await carol.until(lambda: carol.reads() == ["hello"])
        async with alice.chatting(carol.name, bob.name):
            await alice.until(lambda: alice.reads() == ["hello"])
    async with alice.chatting(carol.name, bob.name), impostor.chatting(alice.name):
        await alice.until(lambda: "has another key" in alice.notices())
        assert impostor.reads() == []
        assert alice.node.door.pinned(bob.name) is None


async def test_a_key_from_the_command_line_replaces_a_pin_and_says_so(people: Callable[[str], Person]) -> None:
    from app.names import PeerSpec

    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    new = Identity.generate()
    bob.identity, bob.folder = new, bob.folder / "again"
    bob.folder.mkdir(mode=0o700)
    spec = replace(PeerSpec(bob.name), fingerprint=fingerprint(new.public))
    async with alice.chatting(spec), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
        pin = alice.node.door.pinned(bob.name)
        assert pin is not None
        assert (pin.key, pin.standing) == (new.public, Standing.ACCEPTED)


@pytest.mark.parametrize(
    ("typed", "instead"),
    [
        ("/accept", "write /accept NAME"),
        ("/accept two names", "write /accept NAME"),
        ("/verify bob no", "write /verify NAME, then /verify NAME yes"),
        ("/accept nobody", "nobody called nobody asks"),
        ("/refuse nobody", "nobody called nobody is known"),
        ("/trust nobody", "nobody came with another key"),
        ("/verify nobody", "nobody called nobody was met"),
    ],
)
async def test_a_command_that_cannot_be_carried_out_says_why(tmp_path: Path, typed: str, instead: str) -> None:
    folder = tmp_path / "alice"
    folder.mkdir(mode=0o700)
    async with Person("alice", folder).chatting() as alice:
        with pytest.raises(UsageError, match=instead):
            alice.node.command(typed)


async def test_the_words_of_somebody_who_is_refused_are_neither_passed_on_nor_taken_from_others(
    people: Callable[[str], Person],
) -> None:
    alice, bob, carol, dave = people("alice"), people("bob"), people("carol"), people("dave")
    async with bob.chatting(alice.name, carol.name), alice.chatting(bob.name):
        await bob.says("before")
        await alice.until(lambda: alice.reads() == ["before"])
        alice.node.command(f"/refuse {bob.name}")
        async with carol.chatting(bob.name):
            await bob.says("after")
            await carol.until(lambda: carol.reads() == ["before", "after"])
    feed = bob.node.log.own_feed
    async with alice.chatting(carol.name, dave.name, admit=True), carol.chatting(alice.name, admit=True):
        await carol.says("from carol")
        await alice.until(lambda: "from carol" in alice.reads())
        async with dave.chatting(alice.name):
            await dave.until(lambda: dave.reads() == ["from carol"])
            await dave.says("from dave")
            await carol.until(lambda: "from dave" in carol.reads())
            await alice.until(lambda: alice.node.settled() == {carol.name, dave.name})
        head = alice.node.log.head(feed)
        assert head is not None
        assert head.seq == 2  # what was here stays, unshown
        assert dave.node.log.head(feed) is None


async def test_a_feed_of_somebody_who_is_refused_is_refused_before_anything_of_it_is_here(
    people: Callable[[str], Person],
) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    async with bob.chatting(alice.name), alice.chatting("somebody"):
        await alice.until(lambda: "asks to be let in" in alice.notices())
        alice.node.command(f"/refuse {bob.name}")
    async with bob.chatting(carol.name), carol.chatting(bob.name):
        await bob.says("hello")
        await carol.until(lambda: carol.reads() == ["hello"])
    async with carol.chatting(alice.name, admit=True), alice.chatting(carol.name):
        await carol.says("from carol")
        await alice.until(lambda: alice.reads() == ["from carol"])
        await alice.until(lambda: alice.node.settled() == {carol.name})
        assert alice.node.log.head(bob.node.log.own_feed) is None
        alice.node.command(f"/accept {bob.name}")
        await alice.until(lambda: alice.reads() == ["hello", "from carol"])


async def test_accepting_brings_back_what_is_here_and_wants_and_passes_on_the_rest_at_once(
    people: Callable[[str], Person],
) -> None:
    alice, bob, carol, dave = people("alice"), people("bob"), people("carol"), people("dave")
    async with bob.chatting(alice.name, carol.name), alice.chatting(bob.name):
        await bob.says("before")
        await alice.until(lambda: alice.reads() == ["before"])
        alice.node.command(f"/refuse {bob.name}")
        await alice.until(lambda: alice.reads() == [])
        async with carol.chatting(bob.name):
            await bob.says("after")
            await carol.until(lambda: carol.reads() == ["before", "after"])
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(carol.chatting(alice.name, admit=True))
        await stack.enter_async_context(dave.chatting(alice.name))
        await stack.enter_async_context(alice.chatting(carol.name, dave.name, admit=True))
        await alice.says("from alice")
        for peer in (carol, dave):
            await peer.until(lambda peer=peer: "from alice" in peer.reads())  # type: ignore[misc]
        await alice.until(lambda: alice.node.settled() == {carol.name, dave.name})
        assert alice.reads() == ["from alice"]
        assert dave.reads() == ["from alice"]
        alice.node.command(f"/accept {bob.name}")
        await alice.until(lambda: alice.reads() == ["before", "after", "from alice"])
        await dave.until(lambda: dave.reads() == ["before", "after", "from alice"])


async def test_strangers_who_call_themselves_the_same_are_shown_apart(people: Callable[[str], Person]) -> None:
    alice, carol, other = people("alice"), people("carol"), people("mallory")
    other.name = carol.name
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(alice.chatting("somebody"))
        await stack.enter_async_context(carol.chatting(alice.name))
        await alice.until(lambda: alice.phase(carol.name) is PeerPhase.KNOCKING)
        await stack.enter_async_context(other.chatting(alice.name))
        shown = {f"{who.name}~{who.identity.fingerprint[:6]}" for who in (carol, other)}
        await alice.until(lambda: shown <= {status.name for status in alice.node.statuses()})


async def test_another_key_is_refused_also_where_it_would_have_me_wait(people: Callable[[str], Person]) -> None:
    alice, bob, impostor = people("alice"), people("bob"), people("mallory")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    impostor.name = bob.name
    async with impostor.chatting("somebody"), alice.chatting(bob.name):
        await alice.until(lambda: "shows another key" in alice.notices())
        assert alice.phase(bob.name) is PeerPhase.REFUSED


async def test_any_number_of_keys_under_a_pinned_name_is_told_a_few_times(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    async with alice.chatting(bob.name):
        for number in range(2 * MAX_REFUSALS_TOLD):
            state = PeerState(bob.name, number.to_bytes(32), PeerPhase.REFUSED, "another key")
            alice.node._on_event(state)
            alice.node._on_event(PeerState(f"stranger{number}", number.to_bytes(32), PeerPhase.REFUSED, "a rule"))
        assert alice.notices().count(f"no connection to {bob.name}: another key") == MAX_REFUSALS_TOLD
        assert "stranger" not in alice.notices()
