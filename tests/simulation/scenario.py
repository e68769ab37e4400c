"""One seed's story: nodes write while connections break and machines crash; then there is peace, and all must agree."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from random import Random

from app.identity import Identity
from app.replication.exchange import Exchange
from tests.replication.memory_store import MemoryStore
from tests.simulation.liar import LiarExchange
from tests.simulation.network import Disk, Network, Node, Quality, SimulationError

NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace")
_TROUBLE_SECONDS = 20.0
_PEACE_SECONDS = 180.0


class Scenario:
    def __init__(self, seed: int, *, make_store: Callable[[Identity, str, bytes], Disk] = MemoryStore) -> None:
        self.network = Network(seed, make_store=make_store)
        self._random = Random(seed + 1)
        count = self._random.randint(2, len(NAMES))
        self.nodes = [self.network.add(name, entries=self._random.choice((0, 3, 200))) for name in NAMES[:count]]
        if count > 2 and self._random.random() < 0.3:
            # The last one: in a tree of connections it is a leaf, and cuts off nobody.
            self.network.nodes.remove(self.nodes.pop())
            self.nodes.append(self.network.add("mallory", kind=LiarExchange))
        self._honest = [node for node in self.nodes if node.kind is Exchange]
        self._pairs = self._topology()
        self._peaceful = False
        self._written = 0

    def run(self) -> None:
        """Trouble, then peace. Raises SimulationError if anybody claims what is not so, or they do not agree."""
        network = self.network
        for a, b in self._pairs:
            self._keep_connected(a, b)
        for node in self.nodes:
            self._keep_writing(node)
        self._make_trouble()
        network.run(_TROUBLE_SECONDS)
        self._peaceful = True
        for node in self.nodes:
            node.disk_full = False
            if not node.up:
                network.restart(node)
        network.run_until(self._agreed, within=_PEACE_SECONDS)
        network.run_until(self._all_know_that_they_are_level, within=30.0)
        network.run(3.0)  # late announcements, and whatever should not happen any more
        self._check()

    def _topology(self) -> list[tuple[Node, Node]]:
        """All pairs, or a random tree with some more of them: then entries must be relayed."""
        pairs = list(combinations(self.nodes, 2))
        if self._random.random() < 0.5:
            return pairs
        tree = [(self._random.choice(self.nodes[:number]), self.nodes[number]) for number in range(1, len(self.nodes))]
        return tree + [pair for pair in pairs if pair not in tree and self._random.random() < 0.2]

    def _quality(self) -> Quality:
        return Quality(self._random.choice((0.0002, 0.01, 0.2)), self._random.choice((50_000.0, 1e6, 1e8)))

    def _keep_connected(self, a: Node, b: Node) -> None:
        both_up = a.up and b.up
        # Now and then a second connection although one is there: opposite dials, a peer whose death went unnoticed.
        wanted = not self.network.are_connected(a, b) or (not self._peaceful and self._random.random() < 0.05)
        if both_up and wanted:
            dialler, dialled = self._random.sample((a, b), 2)
            self.network.connect(dialler, dialled, self._quality())
        self.network.at(self._random.uniform(0.2, 2.0), lambda: self._keep_connected(a, b))

    def _keep_writing(self, node: Node) -> None:
        if self._peaceful:
            return
        for _ in range(self._random.choice((1, 1, 1, 5, 40))):
            self._written += 1
            size = self._random.choice((1, 20, 200, 9_000))
            self.network.append(node, f"{self._written} ".ljust(size, "x"))
        self.network.at(self._random.expovariate(1.0), lambda: self._keep_writing(node))

    def _make_trouble(self) -> None:
        if self._peaceful:
            return
        node = self._random.choice(self.nodes)
        match self._random.randrange(8):
            case 0 | 1 | 2:
                a, b = self._random.choice(self._pairs)
                self.network.cut(a, b)
            case 3 | 4 if node.up:
                self.network.crash(node)
                self.network.at(self._random.expovariate(1.0), lambda: self._restart(node))
            case 5:  # everybody on one side loses everybody on the other
                side = self._random.sample(self.nodes, len(self.nodes) // 2)
                for a, b in self._pairs:
                    if (a in side) != (b in side):
                        self.network.cut(a, b)
            case 6:
                node.disk_full = not node.disk_full
            case _:
                node.disk_seconds = self._random.choice((0.0001, 0.003, 0.1))
        self.network.at(self._random.expovariate(2.0), self._make_trouble)

    def _restart(self, node: Node) -> None:
        if not node.up:
            self.network.restart(node)

    def _agreed(self) -> bool:
        if any(node.disk for node in self._honest) or not self.network.converged():
            return False
        return all(self._is_held_by_all(node) for node in self._honest)

    def _is_held_by_all(self, node: Node) -> bool:
        """Whether the node knows of its direct peers that they hold everything it wrote."""
        head = node.store.head(node.store.own_feed)
        peers = [peer for pair in self._pairs if node in pair for peer in pair if peer in self._honest]
        return head is not None and all(node.held.get(peer.id) == head.seq for peer in peers if peer is not node)

    def _all_know_that_they_are_level(self) -> bool:
        """Answers to wants that were outrun by somebody else are still on slow connections for a while."""
        ends = [end for node in self._honest for end in node.ends if end.other and end.other.node in self._honest]
        return all((p := end.node.exchange.progress(end.session)) is not None and p.level for end in ends)

    def _check(self) -> None:
        honest = {node.name for node in self._honest}
        for node in self._honest:
            if honest.intersection(name for name, _ in node.misbehaved) or honest.intersection(node.diverged):
                raise SimulationError(f"{node.name} blames an honest node: {node.misbehaved}, {node.diverged}")
            feeds = set(node.store.frontier())
            if not feeds >= {other.store.own_feed for other in self._honest} or len(feeds) > len(self.nodes):
                raise SimulationError(f"{node.name} lacks a feed or has one too many")
        if self._honest == self.nodes and not self.network.converged():  # a liar may still have come out with something
            raise SimulationError("they agreed, and then no more")
