"""Who may be here: one row for each case of the policy."""

from __future__ import annotations

import pytest
from msgspec import Struct, field
from msgspec.structs import replace

from app.identity import fingerprint
from app.names import PeerSpec, name_key
from app.peers import Author, PeerRecord, Standing
from app.trust import Cause, House, Verdict, judge, unconfirmed

ME, BOB, BOB2, CAROL, DAVE = (bytes([n]) * 32 for n in range(1, 6))
ACCEPTED, REFUSED = Standing.ACCEPTED, Standing.REFUSED


def met(key: bytes, name: str, standing: Standing | None = ACCEPTED) -> PeerRecord:
    return PeerRecord(key, name, None if standing is REFUSED else 1, standing=standing, decided_at=1)


def wrote(key: bytes, name: str, messages: int = 10) -> Author:
    return Author(key, name, messages)


class Case(Struct, frozen=True):
    """Of alice, who is asked about `key` that calls itself `name`."""

    key: bytes
    name: str
    verdict: Verdict
    cause: Cause
    named: tuple[str | PeerSpec, ...] = ()
    known: tuple[PeerRecord, ...] = ()
    authors: tuple[Author, ...] = ()
    open: bool = False
    admit: bool = False

    @property
    def house(self) -> House:
        specs = [PeerSpec(peer) if isinstance(peer, str) else peer for peer in self.named]
        return House(
            "alice",
            ME,
            {name_key(spec.name): spec for spec in specs},
            self.open,
            self.admit,
            {record.key: record for record in self.known},
            self.authors,
            lambda _, name: name,
        )


ADMIT, KNOCK, REFUSE = Verdict.ADMIT, Verdict.KNOCK, Verdict.REFUSE
CASES = {
    "first use: bob is named, the room is empty": Case(BOB, "bob", ADMIT, Cause.NAMED, ("bob",)),
    "names are compared as names are": Case(BOB, "Bob", ADMIT, Cause.NAMED, ("bob",)),
    "my other device, named or not": Case(ME, "laptop", ADMIT, Cause.OWN),
    "a stranger": Case(CAROL, "carol", KNOCK, Cause.STRANGER, ("bob",)),
    "a stranger where everybody may come in": Case(CAROL, "carol", ADMIT, Cause.OPEN, open=True),
    "somebody named where everybody may come in": Case(BOB, "bob", ADMIT, Cause.NAMED, ("bob",), open=True),
    "another bob than the relayed one where everybody may come in": Case(
        BOB2, "bob", ADMIT, Cause.OPEN, ("bob",), authors=(Author(BOB, "bob", 1),), open=True
    ),
    "accepted yesterday, not named today": Case(BOB, "bob", ADMIT, Cause.ACCEPTED, known=(met(BOB, "bob"),)),
    "accepted, under another name now": Case(BOB, "robert", ADMIT, Cause.ACCEPTED, known=(met(BOB, "bob"),)),
    "accepted, under a name of somebody else now": Case(
        BOB, "carol", REFUSE, Cause.ANOTHER_KEY, known=(met(BOB, "bob"), met(CAROL, "carol"))
    ),
    "refused": Case(BOB, "bob", REFUSE, Cause.REFUSED, known=(met(BOB, "bob", REFUSED),)),
    "refused, under another name, named, where everybody may come in": Case(
        BOB, "robert", REFUSE, Cause.REFUSED, ("robert",), (met(BOB, "bob", REFUSED),), open=True, admit=True
    ),
    "met, and taken back": Case(BOB, "bob", KNOCK, Cause.STRANGER, known=(replace(met(BOB, "bob", None)),)),
    "another key under a pinned name": Case(BOB2, "bob", REFUSE, Cause.ANOTHER_KEY, ("bob",), (met(BOB, "bob"),)),
    "another key under a pinned name, where everybody may come in": Case(
        BOB2, "BOB", REFUSE, Cause.ANOTHER_KEY, known=(met(BOB, "bob"),), open=True
    ),
    "another key than on the command line": Case(
        BOB, "bob", REFUSE, Cause.ANOTHER_KEY, (PeerSpec("bob", fingerprint(BOB2)),)
    ),
    "the key on the command line": Case(BOB, "bob", ADMIT, Cause.NAMED, (PeerSpec("bob", fingerprint(BOB)),)),
    "the key on the command line, not the pinned one": Case(
        BOB2, "bob", ADMIT, Cause.NAMED, (PeerSpec("bob", fingerprint(BOB2)),), (met(BOB, "bob"),)
    ),
    "a key that contradicts a relayed author": Case(
        BOB2, "bob", KNOCK, Cause.CONTRADICTS, ("bob", "carol"), authors=(wrote(BOB, "bob", 0),)
    ),
    "the key of a relayed author": Case(
        BOB, "bob", ADMIT, Cause.NAMED, ("bob", "carol"), authors=(wrote(BOB, "bob"), wrote(CAROL, "carol"))
    ),
    "a key from the command line contradicts nobody": Case(
        BOB2, "bob", ADMIT, Cause.NAMED, (PeerSpec("bob", fingerprint(BOB2)),), authors=(wrote(BOB, "bob", 0),)
    ),
    "bob on Monday, carol on Tuesday": Case(
        CAROL, "carol", KNOCK, Cause.WOULD_READ, ("carol",), (met(BOB, "bob"),), (wrote(BOB, "bob"),)
    ),
    "the same, and told to": Case(
        CAROL, "carol", ADMIT, Cause.NAMED, ("carol",), (met(BOB, "bob"),), (wrote(BOB, "bob"),), admit=True
    ),
    "bob and carol on Tuesday": Case(
        CAROL, "carol", ADMIT, Cause.NAMED, ("bob", "carol"), (met(BOB, "bob"),), (wrote(BOB, "bob"),)
    ),
    "bob said nothing yet": Case(
        CAROL, "carol", ADMIT, Cause.NAMED, ("carol",), (met(BOB, "bob"),), (wrote(BOB, "bob", 0),)
    ),
    "bob was refused: his words are not passed on": Case(
        CAROL, "carol", ADMIT, Cause.NAMED, ("carol",), (met(BOB, "bob", REFUSED),), (wrote(BOB, "bob"),)
    ),
    "carol was here before": Case(
        CAROL, "carol", ADMIT, Cause.ACCEPTED, ("carol",), (met(CAROL, "carol"),), (wrote(BOB, "bob"),)
    ),
    "her own and my words only": Case(
        CAROL, "carol", ADMIT, Cause.NAMED, ("carol",), authors=(wrote(CAROL, "carol"), wrote(ME, "alice"))
    ),
    "somebody else called bob is not the bob who is named": Case(
        CAROL,
        "carol",
        KNOCK,
        Cause.WOULD_READ,
        ("bob", "carol"),
        (met(BOB, "bob"),),
        (wrote(BOB, "bob"), wrote(BOB2, "bob")),
    ),
    "bob, who wrote as robert": Case(
        CAROL, "carol", ADMIT, Cause.NAMED, ("bob", "carol"), (met(BOB, "bob"),), (wrote(BOB, "robert"),)
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_who_may_be_here(case: Case) -> None:
    judged = judge(case.house, case.key, case.name)
    assert (judged.verdict, judged.cause) == (case.verdict, case.cause)
    if case.verdict is not ADMIT:
        assert judged.mine
    if case.verdict is REFUSE:
        assert judged.theirs


def test_who_would_read_what_is_said_with_numbers_and_names() -> None:
    case = CASES["bob on Monday, carol on Tuesday"]
    authors = (wrote(BOB, "bob", 1200), wrote(DAVE, "dave", 3), wrote(CAROL, "carol", 7))
    judged = judge(replace(case, authors=authors).house, CAROL, "carol")
    assert judged.mine == "will read 1,203 messages by bob and dave"
    one = judge(replace(case, authors=(wrote(BOB, "bob", 1),)).house, CAROL, "carol")
    assert one.mine == "will read 1 message by bob"


def test_a_crowd_is_counted() -> None:
    authors = tuple(wrote(bytes([n]) * 32, f"author{n}", n) for n in range(10, 16))
    case = replace(CASES["bob on Monday, carol on Tuesday"], authors=authors)
    assert (
        judge(case.house, CAROL, "carol").mine == "will read 75 messages by author15, author14, author13 and 3 others"
    )


class Start(Struct, frozen=True):
    expected: list[str]
    named: tuple[str | PeerSpec, ...]
    known: tuple[PeerRecord, ...] = ()
    authors: tuple[Author, ...] = field(default_factory=tuple)
    open: bool = False
    admit: bool = False


BOB_WROTE = (wrote(BOB, "bob"), wrote(ME, "alice"))
STARTS = {
    "first use": Start([], ("bob", "carol")),
    "bob again": Start([], ("bob",), (met(BOB, "bob"),), BOB_WROTE),
    "carol after bob": Start(["carol"], ("carol",), (met(BOB, "bob"),), BOB_WROTE),
    "carol with bob": Start([], ("bob", "carol"), (met(BOB, "bob"),), BOB_WROTE),
    "carol was here": Start([], ("carol",), (met(BOB, "bob"), met(CAROL, "carol")), BOB_WROTE),
    "carol is refused, and not let in anyway": Start(
        [], (PeerSpec("carol", fingerprint(CAROL)),), (met(CAROL, "carol", REFUSED),), BOB_WROTE
    ),
    "told to": Start([], ("carol",), (met(BOB, "bob"),), BOB_WROTE, admit=True),
    "everybody may come in": Start([], ("carol",), (met(BOB, "bob"),), BOB_WROTE, open=True),
    "carol and dave after bob": Start(["carol", "dave"], ("carol", "dave"), (met(BOB, "bob"),), BOB_WROTE),
}


@pytest.mark.parametrize("start", STARTS.values(), ids=STARTS.keys())
def test_who_has_to_be_confirmed_before_the_start(start: Start) -> None:
    case = Case(
        BOB, "", ADMIT, Cause.NAMED, start.named, start.known, start.authors, open=start.open, admit=start.admit
    )
    names, words = unconfirmed(case.house)
    assert names == start.expected
    assert words == ("10 messages by bob" if start.expected else "")


def test_what_a_stranger_would_read_is_said_before_the_person_decides() -> None:
    case = CASES["a stranger"]
    authors = (wrote(DAVE, "dave", 3), wrote(ME, "alice"))
    judged = judge(replace(case, named=("dave",), authors=authors).house, CAROL, "carol")
    assert judged.mine == "asks to be let in and to read 3 messages by dave"
