"""What somebody said in two ways, for people: both texts, which one is here, who brought the other, and what to do.

Nothing in here was said by somebody who can be trusted: all of it is made harmless, and cut where it is long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo

from app.amendments import Deletion, Edit, Reaction, decode_amendment
from app.entry import Run, decode_entry
from app.errors import UsageError
from app.fork_proof import Fork
from app.identity import fingerprint, grouped
from app.moments import local
from app.people import People
from app.text import one_line

Row = tuple[str, str]

_MAX_TEXTS = 5  # of each branch: more than the first is there only to see how it goes on
_MAX_SHOWN = 2_000  # characters of each


def fork_rows(forks: Iterable[Fork], people: People, name: str = "", *, zone: tzinfo | None = None) -> list[Row]:
    """Terms and what is said about them, a blank row between two forks. name: of whom, empty for everybody; zone: None
    for the computer's own. UsageError: nobody with words here is called so."""
    keys = people.called(name) if name else None
    if keys == []:
        raise UsageError(f"nobody who wrote something here is called {one_line(name)}")
    rows: list[Row] = []
    for fork in forks:
        if keys is None or fork.proof.author in keys:
            rows += [("", "")] if rows else []
            rows += _rows(fork, people, zone)
    nothing = f"{one_line(name)} said nothing" if name else "nobody said anything"
    return rows or [("", f"{nothing} in two ways, as far as this computer knows")]


def fork_lines(forks: Iterable[Fork], people: People, name: str = "") -> list[str]:
    return [f"{term:<10} {said}".strip() for term, said in fork_rows(forks, people, name)]


def _rows(fork: Fork, people: People, zone: tzinfo | None) -> Iterator[Row]:
    proof = fork.proof
    name = one_line(fork.name)
    number = f"two different entries {proof.here.first:,} of one log"
    yield (
        one_line(people.label(proof.author, fork.name)),
        f"signed {number} with the key {grouped(fingerprint(proof.author))}",
    )
    yield from _texts("here", proof.here, zone)
    yield from _texts("elsewhere", proof.there, zone)
    yield "came", f"{_moment(proof.time, zone)}, {_through(people, proof.via)}"
    if not fork.differs:
        yield "means", "nothing that people read: the two say the same, or only react to something"
    elif fork.replaced and fork.again:
        yield (
            "means",
            f"{name}'s program found it itself, as it does when a computer was put back to an earlier day or copied: "
            f"{name} goes on in a new log, which has the second text too",
        )
    elif fork.replaced:
        yield (
            "means",
            f"{name} goes on in a new log, as after a computer was put back to an earlier day; but the second text is "
            f"not in what is here of that log. If it does not come, ask {name} why",
        )
    else:
        yield (
            "means",
            f"an old copy of a computer of {name}'s is in use, or {name} says one thing here and another there. "
            "Nobody without that key can have made this up, whoever brought it",
        )
        yield (
            "do",
            f"ask {name} about both texts. Who knows nothing of them has lost the key to somebody: /refuse {name} "
            "then. Here the first text stays, and nothing that follows the second is taken",
        )


def _texts(term: str, run: Run, zone: tzinfo | None) -> Iterator[Row]:
    shown: Sequence[bytes] = run.entries[:_MAX_TEXTS]
    for data in shown:
        entry = decode_entry(data)
        when = "" if entry.time is None else f"{_moment(entry.time, zone)}  "
        yield term, when + _said(data)
        term = ""
    if len(run.entries) > len(shown):
        yield "", f"and {len(run.entries) - len(shown):,} more after it"


def _said(data: bytes) -> str:
    entry = decode_entry(data)
    match entry.text, decode_amendment(entry.said):
        case str() as text, _:
            return _cut(text)
        case _, Edit(_, text):
            return f"(changes an earlier message to) {_cut(text)}"
        case _, Deletion():
            return "(deletes a message)"
        case _, Reaction(_, symbol, given):
            return f"({'reacts' if given else 'takes back a reaction'} with) {one_line(symbol)}"
    return "(something that this version cannot show)"


def _cut(text: str) -> str:
    rest = f" … ({len(text) - _MAX_SHOWN:,} more characters)" if len(text) > _MAX_SHOWN else ""
    return one_line(text[:_MAX_SHOWN]) + rest


def _through(people: People, via: bytes) -> str:
    known = people.known().get(via)
    return "in a file or from somebody unknown" if known is None else f"through {one_line(people.label(via, known))}"


def _moment(time: int, zone: tzinfo | None) -> str:
    moment = local(time, zone)
    return "at a time that no calendar has" if moment is None else f"{moment:%Y-%m-%d %H:%M}"
