"""What happens in one seed, drawn before it begins: who is there, who knows whom, and every act with its time.

A plan is plain data: acts can be left out, and the rest happens as before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from random import Random

from tests.simulation.wire import Quality

NAMES = ("alice", "bob", "carol", "dave", "erin")
LIARS = ("braggart", "forger", "meddler", "splitter")
_MINUTE, _HOUR, _DAY = 60.0, 3_600.0, 86_400.0


@dataclass(frozen=True, slots=True)
class Act:
    """salt: for what is only decided when it happens, such as which message is answered."""

    at: float
    what: str
    who: str
    whom: str = ""
    amount: float = 0.0
    flag: bool = False
    salt: int = 0

    @property
    def said(self) -> str:
        details = [self.whom, f"{self.amount:g}" if self.amount else "", "yes" if self.flag else ""]
        return " ".join([self.what, *filter(None, details)])


@dataclass(frozen=True, slots=True)
class Plan:
    """names: who is there; liar: what kind of one the last of them is; devices: (person, name of a second
    computer with a database of its own); knows: (who dials, whom); open: whoever comes is let in; given: addresses are
    given, and there is no multicast; first: messages written before the first meeting; map: bytes of a new
    database; clock_step: microseconds by which the wall clocks go on."""

    seed: int
    names: tuple[str, ...]
    liar: str | None
    devices: tuple[tuple[str, str], ...]
    knows: tuple[tuple[str, str], ...]
    open: bool
    given: bool
    qualities: tuple[tuple[str, str, Quality], ...]
    first: tuple[tuple[str, int], ...]
    map: int
    clock_step: int
    seconds: float
    acts: tuple[Act, ...]


def draw(seed: int) -> Plan:
    dice = Random(seed)
    is_large = dice.random() < 0.4  # small ones are many, some things need large ones
    names = list(NAMES[: dice.choices((2, 3, 4, 5), (3, 5, 3, 1) if is_large else (6, 6, 2, 0))[0]])
    liar = dice.choice(LIARS) if len(names) > 2 and dice.random() < 0.4 else None
    if liar:
        names[-1] = "mallory"
    pairs = _topology(dice, names)
    is_open = dice.random() < 0.7  # else only those are let in who are named, so each names the other
    ways = ((1, 1), (1, 0), (0, 1)) if is_open else ((1, 1),)
    knows = [pair for a, b in pairs for pair, dials in zip(((a, b), (b, a)), dice.choice(ways), strict=True) if dials]
    given = dice.random() < 0.3
    devices = [] if given or dice.random() < 0.85 else [(names[0], names[0] + "-2")]
    qualities = [(a, b, Quality(dice.choice((0.0002, 0.01, 0.2)), dice.choice((50_000.0, 1e6, 1e8)))) for a, b in pairs]
    first = [(name, dice.choice((0, 3, 12))) for name in names]
    pace = 100.0 if dice.random() < 0.005 else 1.0  # now and then a long time in which little happens
    seconds = pace * dice.choice((6.0, 12.0, 12.0, 20.0) if is_large else (3.0, 5.0, 5.0, 12.0))
    acts = _Acts(dice, names, devices, pairs=pairs, seconds=seconds, pace=pace, liar=liar).draw()
    return Plan(
        seed,
        tuple(names),
        liar,
        tuple(devices),
        tuple(knows),
        is_open,
        given,
        tuple(qualities),
        tuple(first),
        dice.choice((1 << 17, 1 << 20, 1 << 24)),
        dice.choice((1, 1, 15_625, 1_000_000)),
        seconds,
        tuple(sorted((act for act in acts if act.at < seconds), key=lambda act: act.at)),
    )


def _topology(dice: Random, names: list[str]) -> list[tuple[str, str]]:
    """All pairs, or a tree with some more of them: then entries must be relayed. The last is a leaf in the tree."""
    pairs = list(combinations(names, 2))
    if dice.random() < 0.5:
        return pairs
    tree = [(dice.choice(names[:number]), names[number]) for number in range(1, len(names))]
    return tree + [pair for pair in pairs if pair not in tree and dice.random() < 0.2]


class _Acts:
    def __init__(
        self,
        dice: Random,
        names: list[str],
        devices: list[tuple[str, str]],
        *,
        pairs: list[tuple[str, str]],
        seconds: float,
        pace: float,
        liar: str | None,
    ) -> None:
        """pace: how much slower everything goes than usual."""
        self._dice = dice
        self._pace = pace
        self._speakers = [*names, *(device for _, device in devices)]
        self._names = names
        self._pairs = pairs
        self._seconds = seconds
        self._acts: list[Act] = []
        self._splits = liar == "splitter"
        # Each seed has troubles of its own, so that the rare ones are not always drowned by the usual ones.
        self._troubles: list[Callable[[float], None]] = dice.sample(
            [
                self._cut,
                self._block,
                self._partition,
                self._crash,
                self._stop,
                self._slow_disk,
                self._full_disk,
                self._failing_disk,
                self._lose_disk,
                self._jump,
                self._sleep,
                self._roll_back,
                self._twin,
                self._flood,
                self._pile_up,
            ],
            dice.randint(2, 6),
        )

    def draw(self) -> list[Act]:
        dice = self._dice
        busy = dice.choice((0.3, 0.6, 1.5)) / self._pace
        for name in self._speakers:
            at = dice.expovariate(busy)
            while at < self._seconds:
                self._speak(at, name)
                at += dice.expovariate(busy)
        at = dice.expovariate(1.0 / self._pace)
        trouble = dice.choice((0.3, 1.0, 2.0)) / self._pace
        while at < self._seconds:
            dice.choice(self._troubles)(at)
            at += dice.expovariate(trouble)
        if self._splits:
            self._twin(self._seconds * 0.3, "mallory")
        return self._acts

    def _add(self, at: float, what: str, who: str, whom: str = "", *, amount: float = 0.0, flag: bool = False) -> None:
        self._acts.append(Act(at, what, who, whom, amount, flag, self._dice.getrandbits(32)))

    def _speak(self, at: float, name: str) -> None:
        dice = self._dice
        what = dice.choices(("say", "reply", "edit", "delete", "react"), (10, 2, 2, 1, 3))[0]
        size = dice.choices((1, 20, 200, 9_000), (4, 8, 4, 1))[0]
        for _ in range(dice.choices((1, 4, 15), (12, 3, 1))[0] if what == "say" else 1):
            self._add(at, what, name, amount=size)

    def _pick(self) -> str:
        return self._dice.choice([name for name in self._speakers if name != "mallory"])

    def _after(self, at: float) -> float:
        return at + self._dice.expovariate(0.7 / self._dice.choice((1.0, self._pace)))

    def _cut(self, at: float) -> None:
        a, b = self._dice.choice(self._pairs)
        self._add(at, "cut", a, b)

    def _block(self, at: float) -> None:
        """One way, or both."""
        a, b = self._dice.sample(self._dice.choice(self._pairs), 2)
        one_way = self._dice.random() < 0.5
        until = self._after(at) + self._dice.choice((0.0, 0.0, 20.0))
        for source, target in ((a, b),) if one_way else ((a, b), (b, a)):
            self._add(at, "block", source, target)
            self._add(until, "free", source, target)

    def _partition(self, at: float) -> None:
        side = self._dice.sample(self._names, len(self._names) // 2)
        until = self._after(at) + self._dice.choice((0.0, 5.0, 20.0))
        for a, b in self._pairs:
            if (a in side) != (b in side):
                for source, target in ((a, b), (b, a)):
                    self._add(at, "block", source, target)
                    self._add(until, "free", source, target)

    def _crash(self, at: float) -> None:
        name = self._pick()
        self._add(at, "lose power" if self._dice.random() < 0.5 else "crash", name, flag=self._dice.random() < 0.5)
        self._add(self._after(at), "start", name)

    def _stop(self, at: float) -> None:
        name = self._pick()
        self._add(at, "stop", name)
        self._add(self._after(at), "start", name)

    def _slow_disk(self, at: float) -> None:
        self._add(at, "disk takes", self._pick(), amount=self._dice.choice((0.0001, 0.003, 0.1, 1.0)))

    def _full_disk(self, at: float) -> None:
        name = self._pick()
        self._add(at, "disk full", name, flag=True)
        self._add(self._after(at), "disk full", name)

    def _failing_disk(self, at: float) -> None:
        """Now and then a commit fails."""
        name = self._pick()
        self._add(at, "disk fails", name, amount=self._dice.choice((0.2, 0.7)))
        self._add(self._after(at), "disk fails", name)

    def _lose_disk(self, at: float) -> None:
        """The computer is new; the key was kept."""
        name = self._pick()
        self._add(at, "lose disk", name)
        self._add(self._after(at), "start", name)

    def _jump(self, at: float) -> None:
        seconds = self._dice.choice((0.5, 30.0, 2 * _MINUTE, 10 * _MINUTE, 3 * _HOUR, 2 * _DAY))
        self._add(at, "clock jumps", self._pick(), amount=self._dice.choice((1, -1)) * seconds)

    def _sleep(self, at: float) -> None:
        name, seconds = self._pick(), self._dice.choice((4.0, 12.0, 30.0))
        for other in self._names:
            for source, target in ((name, other), (other, name)):
                if other != name:
                    self._add(at, "block", source, target)
                    self._add(at + seconds, "free", source, target)
        self._add(at + seconds, "clock jumps", name, amount=self._dice.choice((10.0, 2 * _HOUR)))

    def _roll_back(self, at: float) -> None:
        name = self._pick()
        before = self._dice.uniform(0.5, 0.9) * at
        self._add(before, "back up", name)
        self._add((before + at) / 2, "say", name, amount=20)  # which is lost here
        if self._dice.random() < 0.5:  # it goes on before it hears of what it lost
            until = self._after(at) + 1.0
            for other in self._speakers:
                for source, target in ((name, other), (other, name)):
                    if other != name:
                        self._add(at, "block", source, target)
                        self._add(until, "free", source, target)
            self._add(at + 0.5, "say", name, amount=20)
            self._add(at + 0.9, "say", name, amount=20)
        self._add(at, "roll back", name, flag=self._dice.random() < 0.5)

    def _twin(self, at: float, name: str = "") -> None:
        name = name or self._pick()
        self._add(self._dice.random() * at, "back up", name)
        self._add(at, "start twin", name)
        self._add(self._after(at), "say", name + "-twin", amount=20)
        self._add(self._after(at), "say", name, amount=20)

    def _flood(self, at: float) -> None:
        name = self._pick()
        for _ in range(self._dice.choice((10, 60))):
            self._add(at, "say", name, amount=9_000)

    def _pile_up(self, at: float) -> None:
        """Much is written while somebody is away, who has a slow disk when they are back."""
        name = self._pick()
        others = [other for other in self._names if other != name]
        for other in others:
            for source, target in ((name, other), (other, name)):
                self._add(at, "block", source, target)
                self._add(at + 1.0, "free", source, target)
        for other in others[:2]:
            for _ in range(50):
                self._add(at + 0.1, "say", other, amount=9_000)
        self._add(at + 0.9, "disk takes", name, amount=1.0)
