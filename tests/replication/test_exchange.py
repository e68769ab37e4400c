"""Replication between whole nodes in a simulated network without faults: who gets what, how fast, at what cost."""

from __future__ import annotations

from copy import deepcopy

from msgspec.structs import replace

from app.replication.events import RunsReceived, Want, WantReceived
from app.replication.exchange import Misbehaved, Progress
from app.replication.serving import QUIET
from app.replication.session import Session
from tests.feeds import TestAuthor
from tests.replication.memory_store import MemoryStore
from tests.replication.network import Network, Node, Quality
from tests.replication.pairs import Bench

FAST = Quality(latency=0.001, rate=50_000_000.0)


def seq(node: Node, author: Node) -> int:
    head = node.store.head(author.store.own_feed)
    return head.seq if head else 0


def sent_bytes(network: Network) -> int:
    return sum(end.sent_bytes for node in network.nodes for end in node.ends)


def converge(network: Network, within: float = 60.0) -> float:
    return network.run_until(network.converged, within=within)


def test_a_late_joiner_gets_everything() -> None:
    network = Network(1)
    alice, bob = network.add("alice", entries=500), network.add("bob", entries=30)
    network.connect(alice, bob, FAST)
    converge(network)
    carol = network.add("carol")

    network.join(alice, carol, quality=FAST)
    converge(network)

    assert (seq(carol, alice), seq(carol, bob), seq(alice, carol)) == (501, 31, 1)


def test_what_one_writes_is_with_the_others_within_a_moment() -> None:
    network = Network(2)
    nodes = [network.add(name) for name in ("alice", "bob", "carol", "dave")]
    network.join(*nodes, quality=FAST)
    network.run(5.0)

    network.append(nodes[0], "hello")
    network.run_until(lambda: seq(nodes[0], nodes[0]) == 2)
    taken = network.run_until(lambda: all(seq(node, nodes[0]) == 2 for node in nodes))

    assert taken < 0.02


def test_an_entry_that_is_pushed_crosses_each_connection_once() -> None:
    network = Network(3)
    nodes = [network.add(name) for name in ("alice", "bob", "carol", "dave", "erin")]
    network.join(*nodes, quality=FAST)
    network.run(5.0)
    before = [node.received_entries for node in nodes]

    for number in range(20):
        network.append(nodes[0], f"hello {number}")
        network.run(0.3)
    network.run(5.0)

    assert [node.received_entries - count for node, count in zip(nodes, before, strict=True)] == [0, 20, 20, 20, 20]


def test_bob_gets_alices_words_through_carol_while_alice_is_off() -> None:
    network = Network(4)
    alice, carol = network.add("alice", entries=10), network.add("carol")
    network.connect(alice, carol)
    network.run_until(lambda: seq(carol, alice) == 11)
    network.crash(alice)
    bob = network.add("bob", entries=3)

    network.connect(carol, bob)
    network.run_until(lambda: seq(bob, alice) == 11 and seq(carol, bob) == 4)
    network.cut(carol, bob)
    network.restart(alice)
    network.connect(alice, carol)
    network.run_until(lambda: seq(alice, bob) == 4)

    assert bob.store.hash_at(alice.store.own_feed, 11) == alice.store.hash_at(alice.store.own_feed, 11)


def test_after_the_first_relayed_entry_relaying_is_quick() -> None:
    network = Network(5)
    alice, carol, bob = network.add("alice"), network.add("carol"), network.add("bob")
    network.connect(alice, carol, FAST)
    network.connect(carol, bob, FAST)
    network.run(5.0)

    network.append(alice, "one")
    first = network.run_until(lambda: seq(bob, alice) == 2)
    network.run(5.0)
    network.append(alice, "two")
    second = network.run_until(lambda: seq(bob, alice) == 3)

    assert first < 2.0
    assert second < 0.15


def test_a_range_that_five_offer_crosses_once() -> None:
    network = Network(6)
    names = ("alice", "bob", "carol", "dave", "erin")
    holders = [network.add(name, entries=200) for name in names]
    network.join(*holders)
    converge(network)
    frank = network.add("frank")

    for holder in holders:
        network.connect(holder, frank)
    network.run_until(lambda: all(seq(frank, holder) == 201 for holder in holders))
    network.run(3.0)

    assert frank.received_entries == 5 * 201


def test_a_thousand_feeds_reach_a_new_node() -> None:
    network = Network(7)
    alice = network.add("alice")
    fill_with_feeds(alice, 1_000)
    bob = network.add("bob")

    network.connect(alice, bob, FAST)
    taken = converge(network)

    assert len(bob.store.frontier()) == 1_002
    assert taken < 2.0


def test_two_who_are_level_on_a_thousand_feeds_meet_with_64_bytes_for_each() -> None:
    network = Network(8)
    alice, bob = network.add("alice"), network.add("bob")
    fill_with_feeds(alice, 1_000)
    network.connect(alice, bob, FAST)
    converge(network)
    network.run(3.0)
    network.cut(alice, bob)
    network.run(1.0)

    network.connect(alice, bob, FAST)
    network.run(3.0)

    for end in (*alice.ends, *bob.ends):
        assert end.sent_bytes <= 64 * 1_002
        assert end.node.exchange.progress(end.session) == Progress(0, 0, True)


def test_a_peer_that_vanishes_in_the_middle_is_replaced_by_another() -> None:
    network = Network(9)
    alice, bob, carol = network.add("alice", entries=2_000), network.add("bob"), network.add("carol")
    network.connect(alice, bob, FAST)
    network.run_until(lambda: seq(bob, alice) == 2_001)
    slow = Quality(latency=0.001, rate=200_000.0)
    network.connect(alice, carol, slow)
    network.run_until(lambda: seq(carol, alice) > 1 or carol.received_entries > 0)

    network.connect(bob, carol, slow)
    network.crash(alice)
    network.run_until(lambda: seq(carol, alice) == 2_001)

    assert carol.received_entries <= 2_001 + 1_000  # at most what was under way was lost


def holding_a_hundred_of_carol() -> tuple[Bench, Session, TestAuthor]:
    """A node with 101 entries by carol, and alice, who has introduced herself with nothing."""
    carol = TestAuthor("carol")
    carol.entries(["x" * 9_000] * 100)
    bench = Bench()
    bench.store.ingest(carol.runs())
    bench = bench.reopen(bench.store)
    alice = bench.peer("alice")
    alice.announce([], True)
    bench.hear(alice)
    return bench, alice, carol


def test_whoever_fetches_is_known_to_lack_the_whole_of_the_feed_and_not_only_what_was_asked_for() -> None:
    bench, alice, carol = holding_a_hundred_of_carol()

    alice.want([Want(carol.feed, 1, 20)])
    alice.want([Want(carol.feed, 41, 60)])  # somebody else has brought what is between
    answers = [event for event in bench.hear(alice) if isinstance(event, RunsReceived)]

    assert there(bench, alice) == 101 - answers[-1].runs[-1].last > 0


def test_who_asks_for_no_more_has_the_rest_from_others() -> None:
    bench, alice, carol = holding_a_hundred_of_carol()
    alice.want([Want(carol.feed, 1, 1)])
    bench.hear(alice)

    assert there(bench, alice) > 0
    bench.wait(QUIET / 2)
    bench.exchange.writable(bench.near(alice), bench.now)  # other things go over the connection
    bench.wait(QUIET / 2)
    assert there(bench, alice) == 0


def there(bench: Bench, peer: Session) -> int:
    """What is to go to the peer, beside the one own entry."""
    progress = bench.exchange.progress(bench.near(peer))
    assert progress is not None
    return progress.there - 1


def test_a_slow_peer_slows_nobody_and_costs_little_memory() -> None:
    network = Network(10)
    alice, bob, carol = network.add("alice"), network.add("bob"), network.add("carol")
    for number in range(400):
        alice.store.append(f"{number} ".ljust(10_000, "x"))
    network.restart(alice)
    network.connect(alice, carol, Quality(latency=0.001, rate=20_000.0))
    network.run(1.0)

    network.connect(alice, bob, FAST)
    taken = network.run_until(lambda: seq(bob, alice) == 401)
    for number in range(60):
        network.append(alice, f"new {number} ".ljust(10_000, "x"))
        network.run(0.05)
    network.run_until(lambda: seq(bob, alice) == 461)

    assert taken < 2.0
    assert all(end.largest_output < 700_000 for end in alice.ends)
    assert seq(carol, alice) < 401


def test_a_slow_disk_limits_what_is_asked_for() -> None:
    network = Network(11)
    alice, bob = network.add("alice"), network.add("bob")
    fill_with_feeds(alice, 80, entries=30, size=9_000)
    bob.disk_seconds = 0.5

    network.connect(alice, bob, FAST)
    network.run(30.0)

    assert 0 < bob.largest_backlog <= 10 * 1024 * 1024


def test_a_full_disk_is_retried_until_there_is_room() -> None:
    network = Network(12)
    alice, bob = network.add("alice", entries=300), network.add("bob")
    bob.disk_full = True
    network.connect(alice, bob, FAST)
    network.run(20.0)
    asked = bob.received_entries
    assert seq(bob, alice) == 0

    network.run(60.0)
    assert bob.received_entries == asked
    bob.disk_full = False
    network.run_until(lambda: seq(bob, alice) == 301, within=61.0)

    assert bob.received_entries == 301
    network.append(alice, "more")
    network.run_until(lambda: seq(bob, alice) == 302)


def test_the_author_learns_at_once_who_holds_an_entry() -> None:
    network = Network(13)
    alice, bob, carol = network.add("alice"), network.add("bob"), network.add("carol")
    network.join(alice, bob, carol, quality=FAST)
    network.run(5.0)

    network.append(alice, "hello")
    network.run_until(lambda: seq(alice, alice) == 2)
    taken = network.run_until(lambda: alice.held.get(bob.id) == alice.held.get(carol.id) == 2)

    assert taken < 0.05


def test_the_newest_session_of_a_peer_takes_over_without_a_loss() -> None:
    network = Network(14)
    alice, bob = network.add("alice", entries=3_000), network.add("bob")
    network.connect(alice, bob, Quality(latency=0.01, rate=100_000.0))
    network.run(0.5)

    network.connect(bob, alice, FAST)
    converge(network)
    network.run(3.0)

    assert len(alice.ends) == len(bob.ends) == 1
    assert alice.held[bob.id] == 3_001


def test_an_idle_mesh_is_quiet() -> None:
    network = Network(15)
    nodes = [network.add(name, entries=5) for name in ("alice", "bob", "carol", "dave")]
    network.join(*nodes, quality=FAST)
    network.run(10.0)
    before = sent_bytes(network)

    network.run(60.0)

    assert sent_bytes(network) - before < 12 * 60 / 5 * 4 * 8  # pings and pongs, nothing else


def test_gossip_about_a_pushed_entry_is_less_than_two_haves_for_each_delivery() -> None:
    network = Network(16)
    nodes = [network.add(f"node{number}") for number in range(8)]
    network.join(*nodes, quality=FAST)
    network.run(4.0)
    before = sent_bytes(network)

    for _ in range(10):
        network.append(nodes[0], "x" * 100)
    network.run(4.0)

    deliveries = 7 * 10
    assert (sent_bytes(network) - before) / deliveries < 400


def test_what_everybody_has_acknowledged_is_not_said_again_with_the_next_entry() -> None:
    network = Network(18)
    nodes = [network.add(name) for name in ("alice", "bob", "carol")]
    network.join(*nodes, quality=FAST)
    network.run(5.0)

    def cost_of_one() -> int:
        before = sent_bytes(network)
        network.append(nodes[0], "x" * 100)
        network.run_until(lambda: all(seq(node, nodes[0]) == seq(nodes[0], nodes[0]) for node in nodes[1:]))
        return sent_bytes(network) - before

    cost_of_one()
    at_rest = cost_of_one()
    assert at_rest < 2 * (116 + 64 + 20)  # to each the entry and its signature, without the hash before it
    for _ in range(3):
        network.append(nodes[0], "y")
    network.run(5.0)
    assert network.converged()


def test_a_push_without_the_hash_before_it_is_fetched_where_that_is_not_known() -> None:
    bench = Bench()
    mallory = bench.peer("mallory")
    author = TestAuthor("mallory")
    author.entries(["one", "two", "three"])
    bench.hear(mallory)
    mallory.announce([(author.feed, author.head)], True)
    mallory.send_runs(0, [replace(author.run(3), before=b"")], True)

    told = bench.hear(mallory)

    wants = [event for event in told if isinstance(event, WantReceived)]
    assert [(want.ranges[0].low, want.ranges[0].high) for want in wants] == [(1, 4)]
    assert not bench.near(mallory).closed


def test_an_answer_has_to_say_the_hash_before_it() -> None:
    bench = Bench()
    mallory = bench.peer("mallory")
    author = TestAuthor("mallory")
    author.entries(["one", "two", "three"])
    bench.hear(mallory)
    mallory.announce([(author.feed, author.head)], True)
    bench.hear(mallory)
    mallory.send_runs(1, [replace(author.run(), before=b"")], True)
    bench.hear(mallory)

    assert [event.text for event in bench.events if isinstance(event, Misbehaved)] == [
        "entries that were not asked for"
    ]


def test_a_feed_with_two_branches_makes_nobody_spin_and_nobody_guilty() -> None:
    network = Network(17)
    alice = network.add("alice", entries=5)
    copy = network.add("alice")  # her disk, restored from a backup on another machine
    assert isinstance(alice.store, MemoryStore)
    copy.store = deepcopy(alice.store)
    bob, carol = network.add("bob"), network.add("carol")
    for number in range(3):
        alice.store.append(f"one {number}")
        copy.store.append(f"another {number}")
    copy.store.append("and one more")
    for node in (alice, copy):
        network.restart(node)
    network.connect(alice, bob, FAST)
    network.connect(copy, carol, FAST)
    network.run(3.0)

    network.connect(bob, carol, FAST)
    network.run(10.0)
    network.append(alice, "still here")
    network.append(copy, "me too")
    network.run(10.0)
    before = sent_bytes(network)
    network.run(60.0)

    assert (bob.diverged, carol.diverged) == (["carol"], ["bob"])  # who asks for the other branch shows that it has one
    assert {node.store.fork_seq(alice.store.own_feed) for node in (bob, carol)} == {7}
    assert not any(node.misbehaved for node in network.nodes)
    assert sent_bytes(network) - before < 6 * 60 / 5 * 4 * 8
    assert seq(bob, bob) == seq(carol, bob) == 1


def fill_with_feeds(node: Node, count: int, *, entries: int = 0, size: int = 20) -> None:
    """Feeds of others that `node` holds."""
    others = Network(99)
    for number in range(count):
        other = others.add(f"author{number}")
        for _ in range(entries):
            other.store.append("x" * size)
        feed = other.store.own_feed
        report = node.store.ingest(other.store.read_runs(feed, 1, entries + 1, 1 << 30))
        node.exchange.committed(report.advances, 0.0)
        node.heads[feed] = entries + 1
