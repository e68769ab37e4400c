"""Nodes as faces use them, with real logs and real connections on loopback: admission, pins, ticks, relaying."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.errors import UsageError
from app.identity import Identity, fingerprint
from app.names import PeerSpec
from app.status import Held, HeldUpTo, Notice, Outdated, PeerPhase
from app.why import Mark
from tests.persons import Person, people

__all__ = ["people"]


async def test_what_alice_wrote_while_bob_was_away_is_there_when_he_comes(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name):
        await alice.says("hello")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await bob.until(lambda: bob.reads() == ["hello"])
        await bob.says("hi")
        await alice.until(lambda: alice.reads() == ["hello", "hi"])
    async with alice.chatting(bob.name):
        assert alice.reads() == ["hello", "hi"]


async def test_bob_reads_alice_through_carol_when_he_never_meets_her(people: Callable[[str], Person]) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    async with carol.chatting(alice.name, bob.name):
        async with alice.chatting(carol.name, bob.name):
            await alice.says("through carol")
            await carol.until(lambda: carol.reads() == ["through carol"])
        async with bob.chatting(carol.name, alice.name):
            await bob.until(lambda: bob.reads() == ["through carol"])
            feed = alice.node.log.own_feed
            await bob.until(lambda: bob.node.log.head(feed) == carol.node.log.head(feed))


async def test_who_is_met_only_through_somebody_is_introduced_so(people: Callable[[str], Person]) -> None:
    alice, bob, carol = people("alice"), people("bob"), people("carol")
    async with carol.chatting(alice.name, bob.name):
        async with alice.chatting(carol.name, bob.name):
            await alice.says("through carol")
            await carol.until(lambda: carol.reads() == ["through carol"])
        async with bob.chatting(carol.name, alice.name):
            introduction = Notice(f"{alice.name}, via {carol.name}: never met, so shown as {alice.name}?")
            await bob.until(lambda: introduction in bob.events)
        assert not any(isinstance(event, Notice) and ", via " in event.text for event in carol.events)


async def test_a_message_counts_as_held_when_it_is_on_the_peers_disk_and_that_is_remembered(
    people: Callable[[str], Person],
) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.says("hello")
        await alice.until(lambda: alice.node.holders() == {bob.name})
        assert Held(2, (bob.name,)) in alice.events
        assert alice.node.holdings.up_to() == HeldUpTo(2, 2)
    async with alice.chatting(bob.name):
        assert alice.node.holders() == {bob.name}
        (holder,) = alice.node.holdings.holders(2)
        assert holder.holds
        assert not holder.here
        assert holder.seen is not None
        await alice.says("and now?")
        assert alice.node.holders() == frozenset()


async def test_a_peer_that_was_not_named_has_to_wait_and_is_sent_nothing(people: Callable[[str], Person]) -> None:
    alice, carol = people("alice"), people("carol")
    async with alice.chatting("somebody"), carol.chatting(alice.name):
        await alice.says("not for carol")
        await alice.until(lambda: any(s.phase is PeerPhase.KNOCKING for s in alice.node.statuses()))
        await carol.until(lambda: carol.phase(alice.name) is PeerPhase.KNOCKING)
        assert carol.reads() == []


async def test_an_open_node_admits_whoever_names_it(people: Callable[[str], Person]) -> None:
    alice, carol = people("alice"), people("carol")
    async with alice.chatting(admit_all=True), carol.chatting(alice.name):
        await alice.says("for all")
        await carol.until(lambda: carol.reads() == ["for all"])


async def test_another_key_under_a_pinned_name_is_refused_and_both_are_told(people: Callable[[str], Person]) -> None:
    alice, bob, impostor = people("alice"), people("bob"), people("mallory")
    impostor.name = bob.name
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
    async with alice.chatting(bob.name), impostor.chatting(alice.name):
        await alice.says("for bob alone")
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.REFUSED)
        await impostor.until(lambda: impostor.phase(alice.name) is PeerPhase.REFUSED)
        assert impostor.reads() == []
        assert "another key" in alice.notices()
        assert list(alice.node.log.peers()) == [bob.identity.public]


async def test_a_fingerprint_on_the_command_line_pins_before_the_first_meeting(
    people: Callable[[str], Person],
) -> None:
    alice, bob = people("alice"), people("bob")
    expected = PeerSpec(bob.name, fingerprint(Identity.generate().public))
    async with alice.chatting(expected), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.REFUSED)
    expected = PeerSpec(bob.name, bob.identity.fingerprint)
    async with alice.chatting(expected), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)


async def test_what_is_typed_before_the_network_is_up_gets_there_too(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    async with bob.chatting(alice.name), alice.chatting(bob.name):
        await alice.says("first thing")
        await bob.until(lambda: bob.reads() == ["first thing"])


async def test_the_way_to_a_peer_is_known_step_by_step(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name):
        ((label, steps),) = alice.node.why()
        assert label == bob.name
        assert steps[0].mark is Mark.FAILED
        async with bob.chatting(alice.name):
            await alice.until(lambda: alice.node.why(bob.name)[0][1][-1].mark is Mark.DONE)
    with pytest.raises(UsageError, match="nobody called mallory"):
        alice.node.why("mallory")


async def test_who_is_accepted_again_is_looked_for_at_once_and_no_longer_shown_as_refused(
    people: Callable[[str], Person],
) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)
        alice.node.command(f"/refuse {bob.name}")
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.REFUSED)
        alice.node.command(f"/accept {bob.name}")
        assert alice.phase(bob.name) is not PeerPhase.REFUSED
        await alice.until(lambda: alice.phase(bob.name) is PeerPhase.CONNECTED)


async def test_what_was_told_of_a_refusal_is_withdrawn_once_it_is_over(people: Callable[[str], Person]) -> None:
    alice, bob = people("alice"), people("bob")
    async with alice.chatting(bob.name), bob.chatting(alice.name):
        await bob.until(lambda: bob.phase(alice.name) is PeerPhase.CONNECTED)
        alice.node.command(f"/refuse {bob.name}")
        await bob.until(lambda: f"no connection to {alice.name}" in bob.notices())
        (told,) = [event for event in bob.events if isinstance(event, Notice) and event.about]
        assert Outdated(told.about) not in bob.events[bob.events.index(told) :]
        alice.node.command(f"/accept {bob.name}")
        await bob.until(lambda: Outdated(told.about) in bob.events[bob.events.index(told) :])


async def test_who_knocked_and_was_decided_about_need_not_be_read_about(people: Callable[[str], Person]) -> None:
    alice, carol = people("alice"), people("carol")
    async with alice.chatting("somebody"), carol.chatting(alice.name):
        await alice.until(lambda: "asks to be let in" in alice.notices())
        (told,) = [event for event in alice.events if isinstance(event, Notice) and event.about]
        alice.node.command(f"/refuse {carol.name}")
        assert Outdated(told.about) in alice.events
