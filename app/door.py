"""The door of a room: carries out the policy of app.trust, remembers, and does what the person decides about people.

- What a command binds is the key that was shown before it, not whoever uses the name by then.
- Records count here before they are durable; the same record is handed to whoever saves it.
- What strangers can make grow is bounded: they can make any number of keys and names.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from app.errors import UsageError
from app.identity import fingerprint, grouped
from app.names import DEFAULT_ROOM, PeerSpec, name_key
from app.peers import Author, PeerRecord, Standing
from app.people import APART, UNMET, People, set_apart
from app.status import Matter, Notice
from app.text import one_line
from app.trust import (
    Cause,
    House,
    Judgement,
    Verdict,
    contradicted,
    expected_fingerprint,
    judge,
    pinned,
    unconfirmed,
)
from app.wording import listed

MAX_REMEMBERED = 512  # who knocked or came with another key; the oldest is forgotten first. Also guests with a pin
MAX_ANNOUNCED = 32  # who knocks and of whom a notice tells, under names that I look for, and as many under others

HELP = {
    "/accept NAME": "let somebody in who asks to be",
    "/refuse NAME": "keep somebody out, and their words; /accept takes it back",
    "/verify NAME": "words for the two of you to compare, to be sure who it is",
    "/trust NAME": "after asking them: the new key of somebody known by another one",
}
COMMANDS = tuple(command.split()[0] for command in HELP)
MEMBERS_READ = (
    "Everybody who is let in can read everything in the room, also what others wrote and will write, and passes it on."
)
MEMBERS_STAY = "They come back unasked until you /refuse them; who came in by --open only while it is open."


class Guest(Struct, frozen=True):
    """Somebody who proved a key: what they call themselves, and the last judgement about them."""

    key: bytes
    name: str
    judgement: Judgement


def about_knock(key: bytes) -> str:
    """What notices that somebody waits to be let in are about."""
    return f"knock {key.hex()}"


class Door:
    def __init__(
        self,
        me: str,
        own: bytes,
        peers: Sequence[PeerSpec],
        *,
        open: bool,
        admit: bool,
        records: Mapping[bytes, PeerRecord],
        authors: Callable[[], Sequence[Author]],
        save: Callable[[PeerRecord], None],
        tell: Callable[[Notice], None],
        renamed: Callable[[], None],
        room: str = DEFAULT_ROOM,
        can_ask: bool = True,
        wall: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """own: own public key; records: what was remembered, by key; authors: of the entries that are here; save: keep
        a record; renamed: people may be called otherwise from now on; can_ask: somebody is there who can type commands;
        wall: microseconds since 1970, UTC.
        """
        self._me, self._own = me, own
        self._named = {name_key(peer.name): peer for peer in peers}
        self._open, self._admit = open, admit
        self._records = dict(records)
        self.mine = self._records.pop(own, None)  # what my other devices hold; I am not one of the people here
        self._authors = authors
        self._save = save
        self._tell = tell
        self._renamed = renamed
        self._can_ask = can_ask
        self._option = "" if name_key(room) == DEFAULT_ROOM else f" --room {room}"
        self._wall = wall
        self._guests: OrderedDict[bytes, Guest] = OrderedDict()
        self._announced: dict[bool, set[bytes]] = {True: set(), False: set()}  # whether it is looked for
        self._shown: dict[tuple[str, str], bytes] = {}  # command and name: the key that its answer showed
        self.people = People(own, me, records=lambda: self._records, authors=authors)

    # What the node asks.

    @property
    def records(self) -> Mapping[bytes, PeerRecord]:
        return self._records

    def pinned(self, name: str) -> PeerRecord | None:
        return pinned(self._records, name)

    def with_pin(self, peer: PeerSpec) -> PeerSpec:
        """As named, with the fingerprint of the key that the name is pinned to, unless another was asked for."""
        if peer.fingerprint is None and (record := self.pinned(peer.name)) is not None:
            return replace(peer, fingerprint=fingerprint(record.key))
        return peer

    def label(self, key: bytes, name: str) -> str:
        """What to call a peer that is or was connected: never met through others only."""
        return self.people.label(key, name).removesuffix(UNMET)

    def unconfirmed(self) -> str | None:
        """Why it would not be right to start where nobody can be asked; None if nothing speaks against it."""
        names, words = unconfirmed(self._house())
        return f"{listed(names)} would read {words}" if names else None

    def judge(self, key: bytes, name: str) -> Judgement:
        """About a peer that proved its key. Who is let in is remembered, and the name pinned at the first meeting."""
        judgement = judge(self._house(), key, name)
        self._guests[key] = Guest(key, name, judgement)
        self._guests.move_to_end(key)
        while len(self._guests) > MAX_REMEMBERED:
            self._guests.popitem(last=False)
        if judgement.verdict is Verdict.ADMIT and key != self._own:
            expected = expected_fingerprint(self._house(), name)
            pin = expected is not None or not contradicted(self._house(), key, name)
            member = judgement.cause is not Cause.OPEN
            self._let_in(key, name, remember=member, pin=pin and (member or self._guests_pinned() < MAX_REMEMBERED))
        return judgement

    def knocks(self, key: bytes) -> None:
        """It was told to wait: say so, once, with what to type."""
        guest = self._guests.get(key)
        if guest is None or guest.judgement.verdict is not Verdict.KNOCK:
            return
        announced = self._announced[name_key(guest.name) in self._named]
        if key in announced or len(announced) >= MAX_ANNOUNCED:
            return
        announced.add(key)
        if len(announced) == MAX_ANNOUNCED:
            self._tell(Notice("many ask to be let in: /peers lists them, no more of them are announced"))
            return
        why, key_shown = guest.judgement.mine, grouped(fingerprint(key))
        rivals = [other for other in self._called(guest.name) if other != key]
        name = set_apart(key, guest.name, rivals) if rivals else guest.name
        would_read = guest.judgement.cause is Cause.WOULD_READ
        said = f"{guest.name} {why}" if would_read else f"{guest.name} (key {key_shown}) {why}"
        if not self._can_ask:
            said += f": {self._elsewhere('accept', name)} lets it in, also while this goes on"
        else:
            said += f": /accept {name} to let it in" if would_read else f": /accept {name}, or /refuse {name}"
        self._tell(Notice(one_line(said), matter=Matter.KNOCK, about=about_knock(key)))

    def about_rival(self, key: bytes) -> str | None:
        """Of who came under a name that belongs to another key: what to add to that, where no command can be typed."""
        name = self._rivals().get(key)
        return None if name is None else "" if self._can_ask else f". Here: {self._elsewhere('trust', name)}, twice"

    def remember_met(self, key: bytes, feed: bytes, held: int, seen_at: int | None) -> None:
        """An author acknowledged my entries of `feed` up to `held`, and was last connected at `seen_at`."""
        record = self._records.get(key) if key != self._own else self.mine or PeerRecord(key, self._me, None)
        if record is None:
            return
        held_now = {**record.held, feed: held} if held else record.held
        record = replace(record, held=held_now, seen_at=seen_at or record.seen_at)
        if key == self._own:
            self.mine = record
            self._save(record)
        else:
            self._remember(record)

    # What the person decides. Each answers what to say; UsageError: what to type instead.

    def command(self, text: str) -> Notice:
        """`text`: one of COMMANDS with its arguments."""
        word, *rest = text.split()
        if word not in COMMANDS or not rest or len(rest) > 2 or (rest[1:] and (word, rest[1]) != ("/verify", "yes")):
            form = next((form for form in HELP if form.split()[0] == word), "/help")
            raise UsageError(f"write {form}" + (", then /verify NAME yes" if word == "/verify" else ""))
        match word:
            case "/accept":
                return self.accept(rest[0])
            case "/refuse":
                return self.refuse(rest[0])
            case "/trust":
                return self.trust(rest[0])
            case _:
                return self.verify(rest[0], compared=len(rest) == 2)

    def decide(self, action: str, name: str) -> Notice:
        """action: accept, refuse, forget or trust."""
        match action:
            case "accept":
                return self.accept(name)
            case "refuse":
                return self.refuse(name)
            case "forget":
                return self.forget(name)
            case "trust":
                return self.trust(name)
        raise UsageError(f"nobody can {one_line(action)} somebody: accept, refuse, forget or trust")

    def accept(self, name: str) -> Notice:
        found = self._find(name, self.waiting(), self._decided(Standing.REFUSED), self._met())
        if found is None:
            raise UsageError(f"nobody called {one_line(name)} asks to be let in: the list of peers says who does")
        key, said = found
        holder = self.pinned(said)
        if holder is not None and holder.key != key:
            raise UsageError(f"{said} is known by another key: {self.how('trust', said)} compares the two")
        self._let_in(key, said, remember=True, pin=True)
        return Notice(one_line(f"{said} is let in, by the key {grouped(fingerprint(key))}. {MEMBERS_READ}"))

    def refuse(self, name: str) -> Notice:
        found = self._find(name, self.waiting(), self._met(), self._unmet())
        if found is None:
            raise UsageError(f"nobody called {one_line(name)} is known here: the list of peers says who is")
        key, said = found
        record = self._records.get(key) or PeerRecord(key, said, None)
        # Without the pin: the name is free for whoever it belongs to.
        self._remember(
            replace(record, pinned_at=None, standing=Standing.REFUSED, decided_at=self._wall(), verified_at=None)
        )
        return Notice(
            one_line(
                f"{said} (key {grouped(fingerprint(key))}) is refused, and its messages are neither fetched, passed on "
                f"nor shown. What it has read it keeps. {self.how('accept', self.label(key, said))} takes it back"
            )
        )

    def forget(self, name: str) -> Notice:
        """As if never met: the next key under the name is pinned, and admission is decided anew."""
        found = self._find(name, {record.key: record.name for record in self._records.values()})
        if found is None:
            raise UsageError(f"nobody called {one_line(name)} was met here")
        record = self._records[found[0]]
        self._remember(replace(record, pinned_at=None, standing=None, decided_at=None, verified_at=None))
        return Notice(one_line(f"{record.name} is forgotten: the key, that they were let in or refused, and the mark"))

    def trust(self, name: str) -> Notice:
        which = ("/trust", name_key(name))
        shown = self._shown.pop(which, None)
        found = self._find(name, self._rivals()) if shown is None else (shown, name.partition(APART)[0])
        if found is None:
            raise UsageError(f"nobody came with another key than the one known for {one_line(name)}")
        key, said = found
        new = grouped(fingerprint(key))
        named = self._named.get(name_key(said))
        if named is not None and named.fingerprint not in (None, fingerprint(key)):
            raise UsageError(f"the command line asks for another key: start with {named.name}#{new} instead")
        holder = self.pinned(said)
        if shown is None:
            self._show(which, key)
            old = "no key" if holder is None else grouped(fingerprint(holder.key))
            return Notice(
                one_line(
                    f"{said} comes with the key {new}, and was known by {old}. If {said} says so too: "
                    f"{self.how('trust', name)} again"
                ),
                urgent=True,
                matter=Matter.ANOTHER_KEY,
            )
        if holder is not None:
            self._remember(replace(holder, pinned_at=None, standing=None, decided_at=None, verified_at=None))
        self._let_in(key, holder.name if holder else said, remember=True, pin=True)
        return Notice(one_line(f"{said} is trusted with the key {new} from now on"))

    def verify(self, name: str, *, compared: bool) -> Notice:
        found = self._find(name, self.waiting(), self._met())
        if found is None:
            raise UsageError(f"nobody called {one_line(name)} was met here: the list of peers says who was")
        key, said = found
        which = ("/verify", name_key(name))
        if not compared:
            from app.phrase import phrase  # not before somebody verifies

            self._show(which, key)
            return Notice(
                one_line(
                    f"You and {said} see the same words: {phrase(self._own, key)}. If {said} reads out the same: "
                    f"/verify {name} yes"
                ),
                urgent=True,
            )
        if self._shown.pop(which, None) != key:
            raise UsageError(f"compare the words with {said} first: /verify {name} shows them")
        record = self._records.get(key) or PeerRecord(key, said, None)
        self._remember(replace(record, verified_at=self._wall()))
        return Notice(one_line(f"{said} is verified: the key {grouped(fingerprint(key))} is theirs"))

    # Inside.

    def _house(self) -> House:
        return House(
            self._me,
            self._own,
            self._named,
            self._open,
            self._admit,
            self._records,
            self._authors(),
            self.people.label,
        )

    def _let_in(self, key: bytes, name: str, *, remember: bool, pin: bool) -> None:
        record = before = self._records.get(key) or PeerRecord(key, name, None)
        if remember and record.standing is not Standing.ACCEPTED:
            record = replace(record, standing=Standing.ACCEPTED, decided_at=self._wall())
        if pin and record.pinned_at is None and name_key(name) != name_key(self._me):
            holder = self.pinned(name)
            if holder is not None:  # the command line has this key's fingerprint
                self._remember(replace(holder, pinned_at=None, standing=None, decided_at=None, verified_at=None))
            record = replace(record, name=name, pinned_at=self._wall())
            shown = grouped(fingerprint(key))
            self._tell(Notice(one_line(f"{name} is known by the key {shown} from now on")))
        if record != before:
            self._remember(record)

    def _remember(self, record: PeerRecord) -> None:
        before = self._records.get(record.key)
        self._records[record.key] = record
        if before is None or replace(before, held=record.held, seen_at=record.seen_at) != record:
            guest = self._guests.get(record.key)
            if guest is not None and record.standing is not None and guest.judgement.verdict is Verdict.KNOCK:
                del self._guests[record.key]
            self.people.changed()
            self._renamed()
        self._save(record)

    def _show(self, which: tuple[str, str], key: bytes) -> None:
        self._shown[which] = key
        while len(self._shown) > MAX_REMEMBERED:
            del self._shown[next(iter(self._shown))]

    def how(self, action: str, name: str) -> str:
        """What to type to do it."""
        return f"/{action} {name}" if self._can_ask else self._elsewhere(action, name)

    def _elsewhere(self, action: str, name: str) -> str:
        return one_line(f"chat-tui peers {self._me}{self._option} {action} {name}")

    def _guests_pinned(self) -> int:
        return sum(record.pinned_at is not None and record.standing is None for record in self._records.values())

    def would_refuse(self, key: bytes, name: str) -> bool:
        """Whether a peer that proved its key would be turned away; nothing follows from the question."""
        return judge(self._house(), key, name).verdict is Verdict.REFUSE

    def waiting(self) -> dict[bytes, str]:
        """Who asks to be let in, and by which names."""
        return {g.key: g.name for g in self._guests.values() if g.judgement.verdict is Verdict.KNOCK}

    def _rivals(self) -> dict[bytes, str]:
        return {g.key: g.name for g in self._guests.values() if g.judgement.cause is Cause.ANOTHER_KEY}

    def _decided(self, standing: Standing) -> dict[bytes, str]:
        return {record.key: record.name for record in self._records.values() if record.standing is standing}

    def _met(self) -> dict[bytes, str]:
        return {record.key: record.name for record in self._records.values() if not record.refused}

    def _unmet(self) -> dict[bytes, str]:
        return {author.key: author.name for author in self._authors() if author.key != self._own}

    def _called(self, name: str) -> list[bytes]:
        return [key for key, said in self.waiting().items() if name_key(said) == name_key(name)]

    def _find(self, text: str, *groups: Mapping[bytes, str]) -> tuple[bytes, str] | None:
        """Whom `text`, a name as it is shown or typed, means in the first of the groups that knows it."""
        name, _, digits = text.removesuffix(UNMET).partition(APART)
        for group in groups:
            found = [
                (key, said)
                for key, said in group.items()
                if name_key(said) == name_key(name) and fingerprint(key).startswith(digits.lower())
            ]
            if len(found) == 1:
                return found[0]
            if found:
                names = [f"{said}{APART}{fingerprint(key)[:12]}" for key, said in found[:4]]
                raise UsageError(one_line(f"several are called {name}: write {listed(names, 'or')}"))
        return None
