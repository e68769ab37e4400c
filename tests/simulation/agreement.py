"""What must be so when there is peace: all hold the same, all show the same, in the order that the protocol gives."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from itertools import combinations

from app.amendments import Deletion, Edit, Reaction, decode_amendment
from app.entry import KIND_COPY, KIND_GENESIS, decode_entry, entry_digest
from app.storage.check import check as check_database
from app.storage.log import Log
from app.timeline import FIRST_KEY, TimelineEntry
from tests.simulation.checker import Checker, Said, SimulationError, Store
from tests.simulation.host import Host
from tests.simulation.plan import Plan
from tests.simulation.virtual_loop import VirtualLoop
from tests.simulation.wire import Wire

_MAX_AHEAD = 300 * 1_000_000  # docs/protocol.md, section 3
_PAGE = 500

Place = tuple[bytes, int]  # feed, seq


def missing(hosts: Sequence[Host], checker: Checker, plan: Plan) -> str | None:
    """Why they do not agree yet; None if they do."""
    first = hosts[0]
    for host in hosts:
        if host.log is None or host.log._writer._appends or host.log._writer._others:
            return f"{host.name} has yet to write"
        mine, theirs = (_exchanged(each.store, checker) for each in (first, host))
        for feed in mine.keys() | theirs.keys():
            if mine.get(feed) != theirs.get(feed):
                counts = [
                    f"{each.name} {len(each.store.feeds[feed].entries) if feed in each.store.feeds else 0}"
                    for each in (first, host)
                ]
                return f"two do not hold the same of one feed: {', '.join(counts)}"
    for one, other in combinations(hosts, 2):
        if {(one.person, other.person), (other.person, one.person)} & {*plan.knows} and not (
            _is_connected(one, other) and _is_connected(other, one)
        ):
            return f"{one.name} has no connection to {other.name}"
    for host in hosts:
        exchange = host.exchange
        for session in list(exchange._links) if exchange else ():
            progress = exchange.progress(session) if exchange else None
            remote = session.remote
            if remote is not None and remote.key not in checker.liars and progress is not None and not progress.level:
                return f"{host.name} is not level with {remote.name}: {progress}"
    return None


def _is_connected(host: Host, other: Host) -> bool:
    """As far as it knows itself: of a connection one end can be gone."""
    node = other.log.node if other.log else b""
    return host.exchange is not None and any(link.remote.node == node for link in host.exchange._links.values())


def _exchanged(store: Store, checker: Checker) -> dict[bytes, bytes]:
    """The heads of the feeds of which there is one branch, and none is held back by a liar."""
    return {
        feed: stored.hash
        for feed, stored in store.feeds.items()
        if stored.author not in checker.liars and not checker.has_branches(feed)
    }


def check(hosts: Sequence[Host], checker: Checker, plan: Plan) -> None:
    """The timelines, when all have come to rest."""
    shown: dict[str, list[Place]] = {}
    said: dict[str, Counter[tuple[bytes, str]]] = {}
    for host in hosts:
        assert host.log is not None
        entries = _timeline(host.log)
        shown[host.name] = order = [(entry.feed, entry.seq) for entry in entries]
        said[host.name] = _said(entries, checker)
        _check_order(host, order)
        _check_texts(host, entries)
        told, copies = checker.told_in(host), _hidden_copies(host.store)
        if not set(order) <= told <= set(order) | copies:
            raise SimulationError(f"a reader at {host.name} was not told all, or more")
        _check_ranks(host.log, entries)
        _check_rest(host, checker)
        _check_proofs(host.log, checker)
    honest = [host for host in hosts if _all_whole(host, checker)]
    _check_said(said, checker, plan)
    unclamped = [host for host in honest if not _clamped(host)]
    for host in unclamped:
        if shown[host.name] != shown[unclamped[0].name]:
            raise SimulationError(f"{host.name} and {unclamped[0].name} show another order")


async def check_nothing_is_left(wire: Wire, loop: VirtualLoop) -> None:
    """All have left: no connection, and nobody who waits for anything."""
    await asyncio.sleep(5.0)
    if wire.ends:
        end = next(iter(wire.ends))
        raise SimulationError(f"{end.host.name} has left, and its connection to {end.other.host.name} has not")
    left = asyncio.all_tasks(loop) - {asyncio.current_task()}
    if left:
        raise SimulationError(f"all have left, and this goes on: {next(iter(left))!r}")


def check_disks(hosts: Sequence[Host]) -> None:
    """All is closed: the whole of each database."""
    for host in hosts:
        findings = check_database(host.folder)
        if not findings.sound:
            raise SimulationError(f"the database of {host.name} is not sound: {findings}")


def _timeline(log: Log) -> list[TimelineEntry]:
    entries: list[TimelineEntry] = []
    key = FIRST_KEY
    while page := log.after(key, _PAGE):
        entries += page
        key = page[-1].key
    return entries


def _all_whole(host: Host, checker: Checker) -> bool:
    feeds = host.store.feeds.items()
    return all(stored.author not in checker.liars and not checker.has_branches(feed) for feed, stored in feeds)


def _clamped(host: Host) -> bool:
    arrivals = host.store.arrivals
    return any(
        entry.time is None or entry.time > arrivals[entry.feed, entry.seq] + _MAX_AHEAD
        for stored in host.store.feeds.values()
        for entry in stored.entries
    )


def _said(entries: list[TimelineEntry], checker: Checker) -> Counter[tuple[bytes, str]]:
    """What each author wrote, in their first words: no two are the same. Copies count as what they are copies of."""
    honest = (entry for entry in entries if entry.author not in checker.liars)
    return Counter((entry.author, entry.entry.text) for entry in honest if entry.entry.text is not None)


def _check_said(said: dict[str, Counter[tuple[bytes, str]]], checker: Checker, plan: Plan) -> None:
    """All show the same messages, and each once, whatever became of the feeds in which they were."""
    everybody = {frozenset(pair) for pair in plan.knows} >= {frozenset(pair) for pair in combinations(plan.names, 2)}
    first = next(iter(said))
    for name, mine in said.items():
        if twice := [text for (_, text), count in mine.items() if count > 1]:
            raise SimulationError(f"{name} shows a message twice: {twice[0][:20]!r}")
        # Who wrote two branches learns of the other one from those who are directly connected.
        apart = {author for author, _ in mine.keys() ^ said[first].keys()}
        if (everybody and apart) or apart - checker.forked:
            raise SimulationError(f"{name} and {first} do not show the same messages")


def _check_ranks(log: Log, entries: list[TimelineEntry]) -> None:
    if log.count() != len(entries):
        raise SimulationError("a timeline is counted wrongly")
    for rank in range(0, len(entries), 7):
        if log.rank(entries[rank].key) != rank or log.at_rank(rank) != entries[rank].key:
            raise SimulationError(f"entry {rank} of a timeline is found at another place")


def _check_rest(host: Host, checker: Checker) -> None:
    """Nothing is under way, and nothing is kept for what is over."""
    exchange = host.exchange
    assert exchange is not None
    intake = exchange._intake
    if host.disk.busy or (checker.liars and intake.failing):  # of what liars bring nobody waits for the end
        return
    if intake.bytes or intake._tickets or intake._pending or intake._pushed:
        raise SimulationError(f"{host.name} counts on something that will not come")
    if len(exchange._links) != len(exchange._announcer._news) or len(exchange._links) > len(host.wire.of(host)):
        raise SimulationError(f"{host.name} keeps something of a session that is over")


def _check_proofs(log: Log, checker: Checker) -> None:
    """Nobody is accused who has not signed two entries with one number."""
    for fork in log.forks():
        if fork.proof.author not in checker.forked | checker.liars:
            raise SimulationError(f"{fork.name} is said to have written two branches, and has not")


def _check_order(host: Host, order: list[Place]) -> None:
    """Against a second implementation of the rule, which looks at all entries at once."""
    places = _places(host.store)
    if not places.keys() >= set(order):
        raise SimulationError(f"{host.name} shows what it does not hold")
    keys = [(places[place], place[0][:4]) for place in order]
    if keys != sorted(keys):
        raise SimulationError(f"the order at {host.name} is not the one that its entries give")
    shown = {
        (entry.feed, entry.seq)
        for stored in host.store.feeds.values()
        for entry in stored.entries
        if entry.kind is None or entry.kind % 2 == 0
    } - _hidden_copies(host.store)
    if set(order) != shown:
        raise SimulationError(f"{host.name} does not show what is to be shown, or more")


def _hidden_copies(store: Store) -> set[Place]:
    """What they are copies of is here, or an earlier one by the same author."""
    copies = [
        entry for stored in store.feeds.values() for entry in stored.entries if entry.kind == KIND_COPY and entry.seen
    ]
    first: dict[tuple[bytes, bytes], bytes] = {}
    for entry in copies:
        which = entry.author, entry.seen[0]
        first[which] = min(first.get(which, entry.digest), entry.digest)
    return {
        (entry.feed, entry.seq)
        for entry in copies
        if entry.seen[0] in store.here or first[entry.author, entry.seen[0]] != entry.digest
    }


def _places(store: Store) -> dict[Place, int]:
    """The least places that the rule allows. Honest entries cite none that cites them back."""
    entries = {(entry.feed, entry.seq): entry for stored in store.feeds.values() for entry in stored.entries}
    places: dict[Place, int] = {}
    stack = list(entries)
    while stack:
        place = stack[-1]
        if place in places:
            stack.pop()
            continue
        entry = entries[place]
        before = _follows(store, entry)
        if waiting := [other for other in before if other not in places]:
            stack += waiting
            continue
        stack.pop()
        arrival = store.arrivals[place]
        believed = entry.time is not None and entry.time <= arrival + _MAX_AHEAD
        own = entry.time if believed and entry.time is not None else arrival
        places[place] = max([own, *(places[other] + 1 for other in before)])
    return places


def _follows(store: Store, entry: Said) -> list[Place]:
    before = [store.here[digest] for digest in entry.seen if digest in store.here]
    return [*before, (entry.feed, entry.seq - 1)] if entry.seq > 1 else before


def _check_texts(host: Host, entries: list[TimelineEntry]) -> None:
    """What each message says after its edits, its deletion and reactions; against a second implementation."""
    edits: dict[tuple[bytes, bytes], list[tuple[int, bytes, str]]] = {}  # by digest and author
    deleted: set[tuple[bytes, bytes]] = set()
    reactions: dict[tuple[bytes, str, bytes], tuple[int, bytes, bool]] = {}
    for said in (said for stored in host.store.feeds.values() for said in stored.entries):
        if said.kind in (None, KIND_GENESIS):
            continue
        match decode_amendment(decode_entry(said.data)):
            case Edit(target, text):
                edits.setdefault((target.digest, said.author), []).append((-(said.time or 0), said.digest[-9:], text))
            case Deletion(target):
                deleted.add((target.digest, said.author))
            case Reaction(target, symbol, given):
                which = (target.digest, symbol, said.author)
                new = (-(said.time or 0), said.digest[-9:], given)
                reactions[which] = min(reactions.get(which, new), new)
    for entry in entries:
        meant = _meant(host.store, host.store.feeds[entry.feed].entries[entry.seq - 1])
        versions = sorted(edits.get((meant, entry.author), []))
        now = versions[0][2] if versions else entry.entry.text
        gone = (meant, entry.author) in deleted
        if entry.deleted != gone or entry.text != (None if gone else now):
            raise SimulationError(f"{host.name} shows a message otherwise than its author left it")
        gives = {
            (symbol, author) for (digest, symbol, author), last in reactions.items() if digest == meant and last[2]
        }
        counted = [
            (symbol, author)
            for symbol, authors in (entry.amended.reactions if entry.amended else ())
            for author in authors
        ]
        if len(counted) != len(gives) or set(counted) != gives:
            raise SimulationError(f"{host.name} shows other reactions than were given")


def _meant(store: Store, said: Said) -> bytes:
    """The digest by which others speak of it: of a copy that of what it is a copy of, by the same author."""
    copied = decode_entry(said.data).copied
    original = store.feeds.get(copied[0]) if copied else None
    if copied is None or original is None or original.author != said.author:
        return said.digest
    feed, seq, data = copied
    return entry_digest(feed, seq, decode_entry(data).time, data)
