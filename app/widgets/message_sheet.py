"""What there is to know about one message: plain functions of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

from app.amendments import Reaction, check_symbol
from app.clock_hints import beside_ours
from app.entry import Reference
from app.identity import fingerprint, grouped
from app.moments import local, since
from app.people import People
from app.status import Holder
from app.text import harmless, one_line
from app.timeline import TimelineEntry
from app.widgets.signs import CROSSED

if TYPE_CHECKING:
    from app.widgets.info_screen import Row

# A hundred versions of the longest text would take seconds to lay out, and nobody reads them in a sheet.
_MAX_VERSIONS = 10
_MAX_SHOWN = 2_000  # characters of each
_NAMELESS = "somebody"  # whose feed is not here any more
_MAX_LACKING = 10  # of all who were ever met, if nobody is named


def copied(entry: TimelineEntry) -> str:
    """Its text for a clipboard, from where it may go into another terminal: harmless, but with the tabs of code."""
    return "\t".join(harmless(part, newlines=True) for part in (entry.text or "").split("\t"))


def reaction(entry: TimelineEntry, target: Reference, symbol: str, me: bytes) -> Reaction:
    """My reaction to a message; the same again takes it back. LocalEntryError: `symbol` cannot be one."""
    given = entry.amended.reactions if entry.amended else ()
    mine = any(me in keys for other, keys in given if other == symbol)
    return Reaction(target, check_symbol(symbol), not mine)


def details(
    entry: TimelineEntry,
    people: People,
    versions: Sequence[tuple[int | None, str]],
    holders: Sequence[Holder],
    *,
    crossed: bool,
    forked: int = 0,
    skew: int = 0,
    now: int,
    zone: tzinfo | None,
) -> list[Row]:
    """All that is known of a message. versions: of what it was edited to, the latest first; holders: who has it, of an
    own one; crossed: its author had not read the one above it; forked: the first entry of its feed that its author has
    signed another one beside, 0 if none is known; skew: how far the entry proves its author's clock to be ahead of this
    computer's, negative: behind; now: microseconds since 1970."""
    name = one_line(people.label(entry.author, entry.name))
    rows = [
        ("author", name),
        ("fingerprint", grouped(fingerprint(entry.author))),
        ("written", _moment(entry.time, zone) + (f", {name}'s clock is {beside_ours(skew)}" if skew else "")),
        ("saved here", _moment(entry.arrival, zone)),
        ("feed", f"{entry.feed.hex()[:16]}…  entry {entry.seq:,}"),
    ]
    if 0 < forked <= entry.seq:
        which = "this number" if forked == entry.seq else f"number {forked:,}"
        rows.append(("forked", f"two entries of it have {which}: /forks {one_line(entry.name)}"))
    if crossed:
        rows.append((CROSSED, "its author had not read the message above it"))
    if entry.own:
        rows.append(("held by", held_by(holders, now, zone)))
    if entry.deleted:
        rows.append(("", "deleted by its author: who has it keeps it, as this computer does"))
    reactions = entry.amended.reactions if entry.amended else ()
    known = people.known() if reactions else {}
    for symbol, keys in reactions:
        names = [one_line(people.label(key, known.get(key) or _NAMELESS)) for key in keys if not people.is_refused(key)]
        if names:
            rows.append((symbol, ", ".join(names)))
    if versions or entry.deleted:
        rows.append(("first text", _shown(entry.entry.text or "")))
        if len(versions) > _MAX_VERSIONS:
            rows.append(("", f"{len(versions) - _MAX_VERSIONS:,} versions in between"))
        rows += [(_moment(time, zone), _shown(text)) for time, text in reversed(versions[:_MAX_VERSIONS])]
    return rows


def held_by(holders: Sequence[Holder], now: int, zone: tzinfo | None) -> str:
    """In a sentence's part, such as: bob, carol; not dave since Tuesday."""
    has = ", ".join(one_line(holder.name) for holder in holders if holder.holds)
    lacks = [_lack(holder, now, zone) for holder in holders if not holder.holds]
    more = [f"nor {len(lacks) - _MAX_LACKING:,} others"] if len(lacks) > _MAX_LACKING else []
    return "; ".join([has or "only this computer, as far as is known", *lacks[:_MAX_LACKING], *more])


def _lack(holder: Holder, now: int, zone: tzinfo | None) -> str:
    name = one_line(holder.name)
    if holder.here:
        return f"not yet {name}"
    return (
        f"not {name}, who was never here"
        if holder.seen is None
        else f"not {name} since {since(holder.seen, now, zone)}"
    )


def _moment(time: int | None, zone: tzinfo | None) -> str:
    if time is None:
        return "at an unknown time"
    moment = local(time, zone)
    return "at a time that no calendar has" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}"


def _shown(text: str) -> str:
    """A text, or its beginning."""
    rest = f" … ({len(text) - _MAX_SHOWN:,} more characters)" if len(text) > _MAX_SHOWN else ""
    return one_line(text[:_MAX_SHOWN]) + rest
