"""Hosts on a bridge, each with its own chat-tui, found by real multicast DNS."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from tests.network.chat_process import ChatProcess
from tests.network.hosts import Network
from tests.network.lan import lan

__all__ = ["lan"]

NAMES = ["alice", "bob", "carol", "dave"]


def others(name: str) -> list[str]:
    return [other for other in NAMES if other != name]


def test_four_hosts_meet_one_comes_late_one_is_cut_off_and_comes_back(lan: Network, tmp_path: Path) -> None:
    hosts = {name: lan.host(number) for number, name in enumerate(NAMES, start=1)}
    with ExitStack() as stack:

        def start(name: str) -> ChatProcess:
            return stack.enter_context(ChatProcess(hosts[name], tmp_path / name, name, others(name)))

        early = [start(name) for name in NAMES[:3]]
        for chat in early:
            chat.say(f"from {chat.me}")
        for chat in early:
            for other in early:
                chat.wait_for_text(f"from {other.me}")

        dave = start("dave")
        for chat in early:
            dave.wait_for_text(f"from {chat.me}")
        dave.say("late")
        for chat in early:
            chat.wait_for_text("late")

        hosts["carol"].pull_cable()
        alice, bob, carol = early
        alice.say("while carol was away")
        carol.say("while alone")
        bob.wait_for_text("while carol was away")
        dave.wait_for_text("while carol was away")
        carol.wait_for_text("while alone")
        alice.wait_for_state("carol", "lost")
        hosts["carol"].plug_in()
        carol.wait_for_text("while carol was away")
        for chat in (alice, bob, dave):
            chat.wait_for_text("while alone")
            assert len(chat.messages()) == len(set(chat.messages())) == 6


def test_a_host_whose_address_changes_is_connected_again(lan: Network, tmp_path: Path) -> None:
    first, second = lan.host(1), lan.host(2)
    with (
        ChatProcess(first, tmp_path / "alice", "alice", ["bob"]) as alice,
        ChatProcess(second, tmp_path / "bob", "bob", ["alice"]) as bob,
    ):
        alice.wait_for_state("bob", "connected")
        bob.wait_for_state("alice", "connected")
        second.move_to(99)
        bob.say("from my new address")
        assert alice.wait_for_text("from my new address") < 15.0
        alice.say("welcome back")
        bob.wait_for_text("welcome back")


def test_two_on_one_computer_without_a_network_meet(lan: Network, tmp_path: Path) -> None:
    host = lan.lonely_host()
    host.bring_up_loopback()
    with (
        ChatProcess(host, tmp_path / "alice", "alice", ["bob"]) as alice,
        ChatProcess(host, tmp_path / "bob", "bob", ["alice"]) as bob,
    ):
        alice.say("hello")
        bob.wait_for_text("hello")


def test_a_computer_without_any_interface_says_so_and_joins_when_it_gets_one(lan: Network, tmp_path: Path) -> None:
    host = lan.lonely_host()
    with (
        ChatProcess(lan.host(2), tmp_path / "bob", "bob", ["alice"]) as bob,
        ChatProcess(host, tmp_path / "alice", "alice", ["bob"]) as alice,
    ):
        alice.say("on my disk")
        alice.wait_for_text("on my disk")
        alice.wait_for_error("there is no network interface")
        host.bring_up_loopback()
        host.connect(1)
        bob.wait_for_text("on my disk")


def test_link_local_ipv6_alone_is_a_network(lan: Network, tmp_path: Path) -> None:
    with (
        ChatProcess(lan.host(1, ipv4=False), tmp_path / "alice", "alice", ["bob"]) as alice,
        ChatProcess(lan.host(2, ipv4=False), tmp_path / "bob", "bob", ["alice"]) as bob,
    ):
        alice.say("hello")
        bob.wait_for_text("hello")
        bob.say("hi")
        alice.wait_for_text("hi")
