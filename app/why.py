"""Why somebody is not here: the way to them step by step, the step that fails, and what to do about it.

A pure function of what the node knows. `chat-tui doctor` goes further: it tries things out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum

from msgspec import Struct

from app.names import DEFAULT_ROOM, name_key
from app.status import Barrier, PeerPhase, PeerStatus
from app.text import one_line
from app.way import UNDIALLED, Attempt, Reach, Source, Way
from app.wording import counted, listed

_MAX_SHOWN = 3  # addresses


class Stage(Enum):
    FOUND = "discovered"
    REACHED = "reachable"
    PROVED = "authenticated"
    ROOM = "same room"
    ADMITTED = "admitted"
    LEVEL = "level"


class Mark(Enum):
    """How far a step has come. The values stand beside it."""

    DONE = "✓"
    UNDER_WAY = "…"
    FAILED = "✕"
    OPEN = "·"  # it was not come to yet


class Step(Struct, frozen=True):
    stage: Stage
    mark: Mark
    said: str = ""

    @property
    def line(self) -> str:
        return f"{self.mark.value} {self.stage.value}" + (f": {self.said}" if self.said else "")


class Knowledge(Struct, frozen=True):
    """What a node knows of its way to a peer. me, room: own name and room; way: None for who is not named here;
    seen: when it was last connected, in words, empty if never."""

    me: str
    room: str
    status: PeerStatus
    way: Way | None
    seen: str = ""


def why_lines(peers: Iterable[tuple[str, Sequence[Step]]]) -> list[str]:
    """peers: what each is called, and the way to it."""
    return [line for label, steps in peers for line in (one_line(label), *(f"  {step.line}" for step in steps))]


def explain(known: Knowledge) -> tuple[Step, ...]:
    """All steps, in their order. At most one fails, or is under way."""
    said = {step.stage: step for step in _judge(known)}
    stages = list(Stage)
    last = max(map(stages.index, said))
    return tuple(
        said.get(stage, Step(stage, Mark.DONE if number < last else Mark.OPEN)) for number, stage in enumerate(stages)
    )


def _judge(known: Knowledge) -> Iterator[Step]:
    """The steps that there is something to say about."""
    status = known.status
    match status.phase:
        case PeerPhase.CONNECTED:
            yield _level(status)
        case PeerPhase.KNOCKING:
            yield _to_be_admitted(known)
        case PeerPhase.REFUSED:
            yield _refused(known)
        case _:
            yield from _on_the_way(known)


def _level(status: PeerStatus) -> Step:
    if status.unkept:
        name = one_line(status.name)
        said = f"{one_line(status.unkept)}. Whom you have met yourself does not count against {name}: meet them, too"
        return Step(Stage.LEVEL, Mark.FAILED, said)
    parts = [f"{counted(status.missing, 'message')} to get"] if status.missing else []
    parts += [f"{status.lacking:,} to give"] if status.lacking else []
    parts += [f"{status.rate:,.0f} a second"] if parts and status.rate >= 1 else []
    if parts:
        return Step(Stage.LEVEL, Mark.UNDER_WAY, ", ".join(parts))
    return Step(Stage.LEVEL, Mark.DONE if status.level else Mark.UNDER_WAY, "" if status.level else "comparing")


def _to_be_admitted(known: Knowledge) -> Step:
    name = one_line(known.status.name)
    if known.status.waits:
        return Step(Stage.ADMITTED, Mark.FAILED, f"{name} has to let you in, and types there: /accept {known.me}")
    return Step(Stage.ADMITTED, Mark.FAILED, f"you have to decide: /accept {name} or /refuse {name}")


def _refused(known: Knowledge) -> Step:
    status = known.status
    detail = one_line(status.detail)
    match status.barrier:
        case Barrier.KEY:
            return Step(Stage.PROVED, Mark.FAILED, detail)
        case Barrier.VERSION:
            return Step(Stage.PROVED, Mark.FAILED, detail)
        case Barrier.ROOM:
            return Step(Stage.ROOM, Mark.FAILED, _in_another_room(known, ()))
        case Barrier.RULE:
            said = f"it was sent away for a minute: {detail}. If it comes again, one of the two programs is at fault"
            return Step(Stage.ADMITTED, Mark.FAILED, said)
        case Barrier.WILL if "/accept" not in detail:
            name = one_line(status.name)
            said = f"{detail}: {name} can take that back, and types there: /accept {known.me}"
            return Step(Stage.ADMITTED, Mark.FAILED, said)
        case _:
            return Step(Stage.ADMITTED, Mark.FAILED, detail)


def _on_the_way(known: Knowledge) -> Iterator[Step]:
    way, name = known.way, one_line(known.status.name)
    if way is None:
        said = f"{name} is not named here and has to come by itself; to look for it, start: {_start(known, name)}"
        yield Step(Stage.FOUND, Mark.FAILED, f"{said}{_last(known)}")
        return
    met = [attempt for attempt in way.attempts if attempt.reach is Reach.MET]
    known_ways = [attempt for attempt in way.attempts if attempt.source is not Source.GUESSED]
    if not known_ways and not met:
        if way.elsewhere:
            yield Step(Stage.FOUND, Mark.DONE)
            yield from (Step(stage, Mark.OPEN) for stage in (Stage.REACHED, Stage.PROVED))
            yield Step(Stage.ROOM, Mark.FAILED, _in_another_room(known, way.elsewhere))
        else:
            yield Step(Stage.FOUND, Mark.FAILED, _not_found(known, way))
        return
    yield Step(Stage.FOUND, Mark.DONE, _found(known_ways))
    strange = [attempt for attempt in known_ways if attempt.reach is Reach.STRANGE]
    failed = [attempt for attempt in known_ways if attempt.reach is Reach.FAILED]
    if met:
        yield Step(Stage.REACHED, Mark.UNDER_WAY, f"it was there a moment ago, and is dialled again{_last(known)}")
    elif strange:
        yield Step(Stage.REACHED, Mark.DONE)
        yield Step(Stage.PROVED, Mark.FAILED, _strange(known, strange))
    elif failed:
        yield Step(Stage.REACHED, Mark.FAILED, _unreached(known, failed))
    else:
        yield Step(Stage.REACHED, Mark.UNDER_WAY, "being dialled")


def _found(attempts: Sequence[Attempt]) -> str:
    heard = [attempt.address for attempt in attempts if attempt.source is Source.HEARD]
    given = [attempt.address for attempt in attempts if attempt.source is Source.GIVEN]
    parts = [f"heard at {_some(heard)}"] if heard else []
    parts += [f"you gave {_some(given)}"] if given else []
    return ", ".join(parts)


def _not_found(known: Knowledge, way: Way) -> str:
    name = one_line(known.status.name)
    if way.deaf:
        said = f"names cannot be looked up here ({one_line(way.deaf)}): "
        return f"{said}say where {name} is, {_start(known, f'{name}@ADDRESS')}{_last(known)}"
    return (
        f"nobody called {name} is heard in this network or on this computer. {name} types: "
        f"{_start(known, known.me, me=name)}. If it runs, multicast does not get through: "
        f"{_start(known, f'{name}@ADDRESS')}{_last(known)}"
    )


def _unreached(known: Knowledge, failed: Sequence[Attempt]) -> str:
    name = one_line(known.status.name)
    tried = "; ".join(f"{attempt.address}: {attempt.why or 'no answer'}" for attempt in failed[:_MAX_SHOWN])
    if all(UNDIALLED in attempt.why for attempt in failed):
        advice = "this computer is in no network that leads there, or --interface keeps it out of it"
    elif any("refused" in attempt.why for attempt in failed):
        advice = f"the computer is there, but chat-tui does not run at this address: {name} starts it anew"
    else:
        advice = f"the computer is off or asleep, or a firewall is between: let TCP in where {name} is"
    return f"{tried}. Then {advice}. Try chat-tui doctor {known.me} {name}{_last(known)}"


def _strange(known: Knowledge, strange: Sequence[Attempt]) -> str:
    first = strange[0]
    said = first.why or "no chat-tui answers"
    return f"at {first.address} {said}, not {one_line(known.status.name)}: is the address right?"


def _in_another_room(known: Knowledge, rooms: Sequence[str]) -> str:
    name = one_line(known.status.name)
    if not rooms:
        return f"{name} is in another room than {known.room}: start with --room and the same name on both sides"
    other = rooms[0]
    option = "" if name_key(other) == DEFAULT_ROOM else f"--room {other} "
    return f"{name} is in {listed(rooms[:_MAX_SHOWN])}, you are in {known.room}: chat-tui {option}{known.me} {name}"


def _start(known: Knowledge, peer: str, me: str = "") -> str:
    option = "" if name_key(known.room) == DEFAULT_ROOM else f"--room {known.room} "
    return f"chat-tui {option}{me or known.me} {peer}"


def _last(known: Knowledge) -> str:
    return f". Last here: {known.seen}" if known.seen else ". Never met so far"


def _some(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - _MAX_SHOWN} more" if len(addresses) > _MAX_SHOWN else ""
    return ", ".join(addresses[:_MAX_SHOWN]) + more
