"""One plan, carried out: trouble while people write, then peace, after which all must agree."""

from __future__ import annotations

import asyncio
import logging
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random

from app.amendments import Amendment, Deletion, Edit, Reaction, encode_amendment
from app.entry import KIND_REPLY, KIND_TEXT, Reference
from app.errors import ChatError
from app.names import PeerSpec
from app.replication.exchange import Exchange
from tests.simulation import agreement
from tests.simulation.checker import Checker, Said, SimulationError
from tests.simulation.edges import replaced
from tests.simulation.host import Backup, Host
from tests.simulation.liars import KINDS
from tests.simulation.plan import Act, Plan
from tests.simulation.trace import Trace
from tests.simulation.virtual_loop import StuckError, VirtualLoop
from tests.simulation.wire import Wire

PEACE_SECONDS = 200.0  # a dial may wait half a minute, a full disk a minute, who broke a rule a minute
_LOOK_AT_FIRST, _LOOK_AT_MOST = 0.5, 10.0  # seconds between two looks at whether they agree
_MEMORY = Path("/dev/shm")  # noqa: S108  a disk that needs no disk, if there is one
_SYMBOLS = ("+1", "heart", "\N{PARTY POPPER}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """sum: over all that went over the wire, equal for equal runs; agreed: seconds of peace until all agreed."""

    sum: int
    commits: int
    entries: int
    sent_bytes: int
    agreed: float


class Story:
    def __init__(self, plan: Plan, folder: Path, loop: VirtualLoop, trace: Trace, faults: list[str]) -> None:
        dice = Random(plan.seed + 1)
        self._plan = plan
        self._loop = loop
        self._trace = trace
        self._faults = faults
        self.checker = Checker(trace)
        self.wire = Wire(Random(dice.random()), trace, multicast=not plan.given)
        ips = {name: f"10.0.0.{number}" for number, name in enumerate(plan.names, 1)}
        self.hosts: dict[str, Host] = {}
        for name in plan.names:
            known = [whom for who, whom in plan.knows if who == name]
            peers = tuple(PeerSpec(whom, None, ips[whom] if plan.given else None) for whom in known)
            lies = plan.liar if name == "mallory" else None
            self.hosts[name] = Host(
                name,
                folder,
                self.wire,
                self.checker,
                Random(dice.random()),
                peers=peers,
                ip=ips[name],
                exchange=KINDS[lies] if lies else Exchange,
                honest=lies is None,
                is_open=plan.open,
            )
            self.hosts[name].clock_step = plan.clock_step
        self.wire.hosts = list(self.hosts.values())
        for a, b, quality in plan.qualities:
            self.wire.qualities[frozenset((a, b))] = quality
        for number, (person, name) in enumerate(plan.devices, 1):
            self._add_device(folder, dice, person, name, f"10.0.2.{number}")
        self._folder = folder
        self._dice = dice
        self._backups: dict[str, Backup] = {}
        self._written = 0
        if plan.liar:
            self.checker.liars.add(self.hosts["mallory"].identity.public)

    def _add_device(self, folder: Path, dice: Random, person: str, name: str, ip: str) -> None:
        """It has its person's key and a database of its own, and finds that one's other device by itself."""
        first = self.hosts[person]
        self.hosts[name] = Host(
            name,
            folder,
            self.wire,
            self.checker,
            Random(dice.random()),
            peers=first.options.peers,
            ip=ip,
            person=person,
            is_open=self._plan.open,
        )
        self.hosts[name].clock_step = self._plan.clock_step
        self.wire.hosts.append(self.hosts[name])
        self.checker.on_many_computers.add(first.identity.public)

    async def run(self) -> Outcome:
        for host in self.hosts.values():
            host.start()
        for name, count in self._plan.first:
            for number in range(count):
                self.hosts[name].append(f"{name} {number}")
        begin = self._loop.time()
        for act in self._plan.acts:
            await self._until(begin + act.at)
            self._trace.say(act.who, f"-- {act.said}")
            await self._do(act)
        await self._until(begin + self._plan.seconds)
        await self._make_peace()
        agreed = await self._agree()
        await self._until(self._loop.time() + 3.0)  # late announcements, and whatever should not happen any more
        await self._agree()  # a liar may have come out with something in between
        agreement.check(self.honest(), self.checker, self._plan)
        for host in self.hosts.values():
            await host.stop()
        self._look()
        await agreement.check_nothing_is_left(self.wire, self._loop)
        agreement.check_disks(self.honest())
        wire, checker = self.wire, self.checker
        return Outcome(wire.sum, checker.commits, checker.entries, wire.sent_bytes, agreed)

    def honest(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.honest]

    # Peace.

    async def _make_peace(self) -> None:
        self._trace.say("all", "-- peace")
        self.wire.free_all()
        for host in list(self.hosts.values()):
            host.disk.full = False
            host.disk.failing = 0.0
            host.disk.seconds = min(host.disk.seconds, 0.1)
            if host.name.endswith("-twin"):
                await host.stop()
                del self.hosts[host.name]
            else:
                host.start()
        self.wire.hosts = list(self.hosts.values())

    async def _agree(self) -> float:
        begin, patience = self._loop.time(), PEACE_SECONDS + self._carrying_seconds()
        while (missing := agreement.missing(self.honest(), self.checker, self._plan)) is not None:
            if self._loop.time() - begin > patience:
                raise SimulationError(f"after {patience:.0f} s of peace {missing}")
            pause = min(_LOOK_AT_MOST, _LOOK_AT_FIRST + (self._loop.time() - begin) / 20)
            await self._until(self._loop.time() + pause)
        return self._loop.time() - begin

    def _carrying_seconds(self) -> float:
        """For all that was said to go over the thinnest line, twice."""
        said = sum(act.amount for act in self._plan.acts if act.what == "say")
        return 2 * said / min((quality.rate for _, _, quality in self._plan.qualities), default=math.inf)

    async def _until(self, when: float) -> None:
        if when > self._loop.time():
            await asyncio.sleep(when - self._loop.time())
        self._look()

    def _look(self) -> None:
        if self.checker.failure is not None:
            raise self.checker.failure
        if self._faults:
            raise SimulationError(f"something failed unseen: {self._faults[0]}")

    # Acts.

    async def _do(self, act: Act) -> None:
        host = self.hosts.get(act.who)
        other = self.hosts.get(act.whom)
        if host is None:
            return
        match act.what:
            case "say" | "reply" | "edit" | "delete" | "react":
                self._speak(host, act)
            case "cut" if other:
                for end in self.wire.between(host, other):
                    end.cut()
            case "block" if other:
                self.wire.block(host, other)
            case "free" if other:
                self.wire.free(host, other)
                if not self._plan.given and act.salt % 2:
                    self.wire.announce(host)
            case "crash" | "lose power":
                await host.crash(with_last=act.flag, power=act.what == "lose power")
            case "stop":
                await host.stop()
            case "start":
                host.start()
            case "disk takes":
                host.disk.seconds = act.amount
            case "disk full":
                host.disk.full = act.flag
            case "disk fails":
                host.disk.failing = act.amount
            case "lose disk":
                await host.crash(with_last=False, power=True)
                host.lose_disk()
                self.checker.on_many_computers.add(host.identity.public)
                self._backups.pop(host.name, None)
            case "clock jumps":
                host.clock_offset += int(act.amount * 1_000_000)
            case "back up":
                self._back_up(host)
            case "roll back":
                await self._roll_back(host, with_last=act.flag, in_place=act.salt % 2 == 0)
            case "start twin":
                self._start_twin(host)

    def _back_up(self, host: Host) -> None:
        backup = host.backup()
        if backup is not None:
            self._backups[host.name] = backup

    async def _roll_back(self, host: Host, *, with_last: bool, in_place: bool) -> None:
        backup = self._backups.get(host.name)
        if backup is not None:
            self.checker.may_fork(host.identity.public)
            await host.crash(with_last=with_last, power=False)
            host.restore(backup, in_place=in_place)
            host.start()

    def _start_twin(self, host: Host) -> None:
        backup, name = self._backups.get(host.name), host.name + "-twin"
        if backup is None or name in self.hosts:
            return
        self.checker.may_fork(host.identity.public)
        twin = Host(
            name,
            self._folder,
            self.wire,
            self.checker,
            Random(self._dice.random()),
            peers=host.options.peers,
            ip=f"10.0.1.{len(self.hosts)}",
            person=host.person,
            honest=host.honest,
            is_open=self._plan.open,
        )
        twin.clock_offset, twin.clock_step = host.clock_offset, host.clock_step
        self.hosts[name] = twin
        self.wire.hosts = list(self.hosts.values())
        twin.restore(backup, in_place=False)
        twin.start()

    def _speak(self, host: Host, act: Act) -> None:
        log = host.log
        if log is None:
            return
        dice = Random(act.salt)
        self._written += 1
        if act.what == "say":
            log.append(f"{self._written} ".ljust(int(act.amount), "x"))
            return
        mine = act.what in ("edit", "delete") and host.honest
        found = self._some_message(host, dice, mine=mine)
        if found is None:
            return
        target = Reference(found.feed, found.seq, found.digest)
        if act.what == "reply":
            log.reply(f"reply {self._written}", target)
            return
        amendment: Amendment = Reaction(target, dice.choice(_SYMBOLS), dice.random() < 0.7)
        if act.what == "edit":
            amendment = Edit(target, f"edited {self._written}")
        elif act.what == "delete":
            amendment = Deletion(target)
        try:
            if host.honest:
                log.amend(amendment)
            elif dice.random() < 0.5:  # whoever wrote that
                log._writer.append(*encode_amendment(amendment), 100)
            else:  # what no version knows, or what is no such thing
                log._writer.append(dice.choice((3, 4, 5, 7, 8, 9, 1_000)), dice.choice((None, "x", [], [1, [2]])), 100)
        except ChatError as error:
            raise SimulationError(f"{host.name} cannot {act.what} its own message: {error}") from error

    def _some_message(self, host: Host, dice: Random, *, mine: bool) -> Said | None:
        author = host.identity.public
        feeds = [s for s in host.store.feeds.values() if s.author == author or not mine]
        # Much is said about few messages, else hardly anything would be said twice.
        found = [e for stored in feeds for e in stored.entries if e.kind in (KIND_TEXT, KIND_REPLY)]
        found = found[: dice.choice((1, 3))] if dice.random() < 0.5 else found[-20:]
        return dice.choice(found) if found else None


class _Listener(logging.Handler):
    """A critical line in the log is a fault of the program."""

    def __init__(self) -> None:
        super().__init__(logging.CRITICAL)
        self.first: logging.LogRecord | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.first = self.first or record


def run(plan: Plan, *, trace: Trace | None = None) -> Outcome:
    """Raises SimulationError, with what went wrong."""
    loop = VirtualLoop()
    faults: list[str] = []
    loop.set_exception_handler(lambda _, context: faults.append(_in_words(context)))  # looked at after each act
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder, _listening() as listener:
        asyncio.set_event_loop(loop)
        story: Story | None = None
        try:
            with replaced(first_map=plan.map):

                async def tell() -> Outcome:
                    nonlocal story
                    story = Story(plan, Path(folder), loop, trace or Trace(), faults)
                    return await story.run()

                try:
                    outcome = loop.run_until_complete(tell())
                except (StuckError, ChatError) as error:
                    raise SimulationError(str(error)) from error
                finally:
                    _clean_up(loop, story)
            if faults:
                raise SimulationError(f"something failed unseen: {faults[0]}")
            if listener.first is not None:
                raise SimulationError(f"it was logged as critical: {listener.first.getMessage()}")
            return outcome
        finally:
            asyncio.set_event_loop(None)
            loop.close()


def _clean_up(loop: VirtualLoop, story: Story | None) -> None:
    """After a failure: whatever still runs ends."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    with suppress(StuckError):
        loop.run_until_complete(asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60.0))
    for host in story.hosts.values() if story else ():
        host.pull_the_plug()


def _in_words(context: dict[str, object]) -> str:
    error = context.get("exception")
    return f"{context.get('message')}: {error!r}"


@contextmanager
def _listening() -> Iterator[_Listener]:
    listener = _Listener()
    root = logging.getLogger("app")
    root.addHandler(listener)
    try:
        yield listener
    finally:
        root.removeHandler(listener)
