"""What bad networks do, each as a story that ends with the same history everywhere. `python -m tests.faults networks`
tries all of them; the tests here try those that are quick."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.network.chat_process import ChatProcess
from tests.network.hosts import Host, Network, network
from tests.network.hub import Cable, Hub, hub

NAMES = ("alice", "bob", "carol")


@dataclass(slots=True)
class Place:
    """Hosts on one hub, and the chats on them. patience: seconds for anything to happen."""

    lan: Network
    hub: Hub
    folder: Path
    patience: float
    hosts: dict[str, Host] = field(default_factory=dict)
    stack: ExitStack = field(default_factory=ExitStack)

    def chat(self, me: str, peers: Sequence[str]) -> ChatProcess:
        host = self.host(me)
        return self.stack.enter_context(ChatProcess(host, self.folder / me, me, peers, patience=self.patience))

    def host(self, me: str) -> Host:
        if me not in self.hosts:
            self.hosts[me] = host = self.lan.lonely_host()
            host.bring_up_loopback()
            self.hub.attach(host, NAMES.index(me) + 1)
        return self.hosts[me]

    def pair(self) -> tuple[ChatProcess, ChatProcess]:
        return self.chat("alice", ["bob"]), self.chat("bob", ["alice"])


@contextmanager
def place(folder: Path, seed: int, patience: float) -> Iterator[Place]:
    """Raises NotPermittedError with the reason where there can be none."""
    with network() as lan, hub(seed) as joined:
        made = Place(lan, joined, folder, patience)
        with made.stack:
            yield made


def converse(chats: Sequence[ChatProcess], rounds: int, size: int = 40) -> None:
    """All write at once, several times, and all end with everything, each once."""
    for number in range(rounds):
        for chat in chats:
            chat.say(f"{chat.me} {number} {'x' * size}")
    for chat in chats:
        for other in chats:
            chat.wait_for_text(f"{other.me} {rounds - 1} {'x' * size}")
    histories = [sorted(chat.messages()) for chat in chats]
    assert all(history == histories[0] for history in histories), "they did not end with the same"
    assert len(histories[0]) == len(set(histories[0])) == rounds * len(chats)


def loss(at: Place) -> None:
    at.hub.default = Cable(loss=0.3)
    converse(at.pair(), 20)


def delay(at: Place) -> None:
    at.hub.default = Cable(delay=0.5)  # a second there and back
    converse(at.pair(), 20)


def throttle(at: Place) -> None:
    at.hub.default = Cable(rate=64_000, delay=0.02)
    converse(at.pair(), 40, size=1000)  # 80 kB: ten seconds of that cable


def double(at: Place) -> None:
    at.hub.default = Cable(double=0.3)
    converse(at.pair(), 50)


def disorder(at: Place) -> None:
    at.hub.default = Cable(delay=0.01, jitter=0.05)
    converse(at.pair(), 50)


def everything(at: Place) -> None:
    at.hub.default = Cable(loss=0.05, delay=0.05, jitter=0.05, double=0.05, rate=1_000_000)
    converse(at.pair(), 20)


def one_way(at: Place) -> None:
    """What alice sends does not reach bob, what he sends reaches her: it passes through carol, and both notice."""
    alice = at.chat("alice", ["bob", "carol"])
    bob, carol = at.chat("bob", ["alice", "carol"]), at.chat("carol", ["alice", "bob"])
    chats = (alice, bob, carol)
    for chat in chats:
        for other in chats:
            if other is not chat:
                chat.wait_for_state(other.me, "connected")
    at.hub.cables[1, 2] = Cable(cut=True)
    converse(chats, 5)
    alice.wait_for_state("bob", "lost")
    bob.wait_for_state("alice", "lost")
    at.hub.cables.clear()
    alice.wait_for_state("bob", "connected")


def no_multicast(at: Place) -> None:
    """NAME@HOST on one side is enough."""
    at.hub.default = Cable(mdns=False)
    bob = at.chat("bob", ["alice"])
    alice = at.chat("alice", [f"bob@{at.hosts['bob'].address}"])
    converse((alice, bob), 5)


def no_multicast_on_one_computer(at: Place) -> None:
    """The port that is derived from the name is enough."""
    at.hub.default = Cable(mdns=False)
    at.hosts["bob"] = at.host("alice")
    converse(at.pair(), 5)


def new_address(at: Place) -> None:
    alice, bob = at.pair()
    converse((alice, bob), 2)
    at.hosts["bob"].move_to(77)
    bob.say("from my new address")
    alice.wait_for_text("from my new address")


def two_interfaces(at: Place) -> None:
    """Bob is on one network, carol on another, alice on both: she is how they hear of each other."""
    with hub() as other:
        alice_host = at.host("alice")
        carol_host = at.hosts["carol"] = at.lan.lonely_host()
        carol_host.bring_up_loopback()
        other.attach(alice_host, 1, interface="eth1", subnet="10.78.0")
        other.attach(carol_host, 3, subnet="10.78.0")
        with at.stack:
            alice = at.chat("alice", ["bob", "carol"])
            bob, carol = at.chat("bob", ["alice", "carol"]), at.chat("carol", ["alice", "bob"])
            converse((alice, bob, carol), 5)


def late_interface(at: Place) -> None:
    host = at.hosts["alice"] = at.lan.lonely_host()
    alice, bob = at.chat("alice", ["bob"]), at.chat("bob", ["alice"])
    alice.say("on my disk")
    alice.wait_for_text("on my disk")
    host.bring_up_loopback()
    at.hub.attach(host, 1)
    bob.wait_for_text("on my disk")


SCENARIOS: dict[str, Callable[[Place], None]] = {
    story.__name__: story
    for story in (
        loss,
        delay,
        throttle,
        double,
        disorder,
        everything,
        one_way,
        no_multicast,
        no_multicast_on_one_computer,
        new_address,
        two_interfaces,
        late_interface,
    )
}
QUICK = ("double", "everything", "no_multicast", "no_multicast_on_one_computer", "two_interfaces")
