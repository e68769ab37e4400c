"""Who may be here: the policy, as one pure function of what is remembered, the command line and what the room holds.

- A peer is its key. What it calls itself counts only where nothing is known of the key.
- Another key under a pinned name is refused; nothing in here replaces a pin.
- Who comes in reads what everybody in the room wrote. So somebody new is let in unasked only where all whose words are
  here are named on this command line too: whoever named them all meant them to be together.
- What is remembered is a decision about somebody: naming or accepting them. They are members, who come back unasked and
  read what is written later too, until they are refused. An open door is none: its guests come in while it is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import Enum

from msgspec import Struct

from app.identity import fingerprint, grouped
from app.names import PeerSpec, name_key
from app.peers import Author, PeerRecord, Standing
from app.wording import counted, listed

_MAX_LISTED = 3  # names in one sentence


class Verdict(Enum):
    ADMIT = "admit"
    KNOCK = "knock"  # its connection is kept until a person decides, and it is sent nothing
    REFUSE = "refuse"  # it is told why, and the connection closed


class Cause(Enum):
    OWN = "another device of mine"
    ACCEPTED = "let in earlier"
    NAMED = "named on the command line"
    OPEN = "everybody may come in"
    STRANGER = "nobody said anything about it"
    CONTRADICTS = "somebody else's words are here under its name"
    WOULD_READ = "it would read what others wrote"
    REFUSED = "refused earlier"
    ANOTHER_KEY = "its name belongs to another key"


class Judgement(Struct, frozen=True):
    """mine, theirs: one sentence for this side and for the other one, where there is something to say."""

    verdict: Verdict
    cause: Cause
    mine: str = ""
    theirs: str = ""


class House(Struct, frozen=True):
    """What a judgement rests on.

    me: own name; own: own public key; named: by the comparison form of names; open: everybody may come in; admit:
    who is named may read what others wrote; known: by public key; label: what to call an author (key, name).
    """

    me: str
    own: bytes
    named: Mapping[str, PeerSpec]
    open: bool
    admit: bool
    known: Mapping[bytes, PeerRecord]
    authors: Sequence[Author]
    label: Callable[[bytes, str], str]


def judge(house: House, key: bytes, name: str) -> Judgement:
    """What to do about a peer that proved `key` and calls itself `name`."""
    if key == house.own:
        return Judgement(Verdict.ADMIT, Cause.OWN, "another device of mine")
    record = house.known.get(key)
    if record is not None and record.refused:
        return Judgement(
            Verdict.REFUSE, Cause.REFUSED, f"you refused it; /accept {name} takes that back", "you were refused there"
        )
    expected = expected_fingerprint(house, name)
    shown = fingerprint(key)
    if expected is not None and expected != shown:
        return Judgement(
            Verdict.REFUSE,
            Cause.ANOTHER_KEY,
            f"it shows another key ({grouped(shown)}) than the one known for {name} ({grouped(expected)}): somebody "
            f"else uses the name, or {name} has a new key. Ask {name} in person before you type /trust {name}",
            f"another key is known there for {name}, not yours ({grouped(shown)}): if you have a new one, tell "
            f"{house.me}, who can type /trust {name}",
        )
    if record is not None and record.standing is Standing.ACCEPTED:
        return Judgement(Verdict.ADMIT, Cause.ACCEPTED)
    named = name_key(name) in house.named
    contradicts = expected is None and contradicted(house, key, name)
    if house.open:
        return Judgement(Verdict.ADMIT, Cause.NAMED if named and not contradicts else Cause.OPEN)
    all_others, others = _others(house, key, also_named=True), _others(house, key)
    reading = f" and to read {_their_words(house, all_others)}" if all_others else ""
    if not named:
        return Judgement(Verdict.KNOCK, Cause.STRANGER, f"asks to be let in{reading}")
    if contradicts:
        return Judgement(
            Verdict.KNOCK,
            Cause.CONTRADICTS,
            f"asks to be let in{reading}; another {name}, whose words came through others, has another key",
        )
    if others and not house.admit:
        return Judgement(Verdict.KNOCK, Cause.WOULD_READ, f"will read {_their_words(house, others)}")
    return Judgement(Verdict.ADMIT, Cause.NAMED)


def unconfirmed(house: House) -> tuple[list[str], str]:
    """The named peers who would read what others wrote and were never let in, and whose words these are."""
    if house.open or house.admit:
        return [], ""
    others = _others(house, house.own)
    decided = {fingerprint(record.key) for record in house.known.values() if record.standing is not None}
    new = [peer.name for peer in house.named.values() if expected_fingerprint(house, peer.name) not in decided]
    return (new, _their_words(house, others)) if new and others else ([], "")


def expected_fingerprint(house: House, name: str) -> str | None:
    """Of the key that belongs to a name: as the command line has it, else as it was pinned."""
    peer = house.named.get(name_key(name))
    if peer is not None and peer.fingerprint is not None:
        return peer.fingerprint
    record = pinned(house.known, name)
    return None if record is None else fingerprint(record.key)


def pinned(known: Mapping[bytes, PeerRecord], name: str) -> PeerRecord | None:
    """Whom a name is pinned to."""
    which = name_key(name)
    return next((r for r in known.values() if r.pinned_at is not None and name_key(r.name) == which), None)


def contradicted(house: House, key: bytes, name: str) -> bool:
    """Whether somebody else's words are here under this name."""
    which = name_key(name)
    return any(name_key(author.name) == which and author.key not in (key, house.own) for author in house.authors)


def _others(house: House, key: bytes, *, also_named: bool = False) -> list[Author]:
    """Who has words here that may be passed on, beside me, the author `key`, and those who are named."""
    return [
        author
        for author in house.authors
        if author.messages and author.key not in (house.own, key) and (also_named or not _is_named(house, author))
        if not _is_refused(house, author)
    ]


def _is_named(house: House, author: Author) -> bool:
    record = house.known.get(author.key)
    name = record.name if record is not None and record.pinned_at is not None else author.name
    return name_key(name) in house.named and expected_fingerprint(house, name) in (None, fingerprint(author.key))


def _is_refused(house: House, author: Author) -> bool:
    record = house.known.get(author.key)
    return record is not None and record.refused


def _their_words(house: House, others: Sequence[Author]) -> str:
    number = sum(author.messages for author in others)
    most = sorted(others, key=lambda author: -author.messages)
    names = [house.label(author.key, author.name) for author in most[:_MAX_LISTED]]
    names += [f"{len(others) - _MAX_LISTED} others"] if len(others) > _MAX_LISTED else []
    return f"{counted(number, 'message')} by {listed(names)}"
