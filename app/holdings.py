"""Whose computers hold what I wrote, and when they were last here: from what they acknowledged.

- Held means an equal hash, said by the holder itself, whichever way the entries came to it.
- Everybody are the people who were named; if nobody was, all who were met and are not refused.
- Another device of mine holds too, but is not one of them.
- What is known of somebody is saved a few seconds later: they tell it again whenever they are met.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from app.door import Door
from app.names import PeerSpec, name_key
from app.peers import PeerRecord
from app.status import OWN_DEVICE, HeldUpTo, Holder


class Holdings:
    def __init__(
        self,
        door: Door,
        own: bytes,
        feed: bytes,
        named: Iterable[PeerSpec],
        wall: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """own: own public key; feed: the own feed; named: the peers of the command line, each once; wall: microseconds
        since 1970, UTC."""
        self._door = door
        self._own = own
        self.feed = feed
        self._named = {name_key(peer.name): peer.name for peer in named}
        self._wall = wall
        self._held = self._remembered()
        self._here: set[bytes] = set()
        self._seen: dict[bytes, int] = {}  # since the start
        self._unsaved: set[bytes] = set()

    def begin_anew(self, feed: bytes) -> None:
        """The own feed is another one."""
        self.save_all()
        self.feed = feed
        self._held = self._remembered()
        self._unsaved.clear()

    def acknowledged(self, key: bytes, seq: int) -> bool:
        """Somebody holds my entries up to `seq`. Whether that is news."""
        if not self._counts(key) or self._held.get(key, 0) >= seq:
            return False
        self._held[key] = seq
        self._unsaved.add(key)
        return True

    def connected(self, key: bytes) -> None:
        self._here.add(key)
        self._note_seen(key)

    def disconnected(self, key: bytes) -> None:
        if key in self._here:
            self._here.discard(key)
            self._note_seen(key)

    def names(self, seq: int) -> tuple[str, ...]:
        """The people who hold my entries up to `seq`."""
        return tuple(self._display(record) for record in self._pinned() if self._held.get(record.key, 0) >= seq)

    def named_holders(self, seq: int) -> frozenset[str]:
        """The named peers who hold my entries up to `seq`."""
        return frozenset(name for name in self._named.values() if (held := self._held_by(name)) and held >= seq)

    def up_to(self) -> HeldUpTo:
        some = max((seq for key, seq in self._held.items() if self._counts(key)), default=0)
        held = map(self._held_by, self._named.values()) if self._named else map(self._held_of, self._members())
        return HeldUpTo(some, min(held, default=0))

    def holders(self, seq: int) -> Sequence[Holder]:
        """Of an entry of mine: everybody, whether they hold it or not, then the others who do."""
        found = []
        for name in self._named.values():
            record = self._door.pinned(name)
            found.append(Holder(name, False) if record is None else self._holder(name, record, seq))
        for record in self._pinned():
            if name_key(record.name) not in self._named:
                holder = self._holder(record.name, record, seq)
                if holder.holds or not (self._named or record.refused):
                    found.append(holder)
        if self._held.get(self._own, 0) >= seq:
            found.append(Holder(OWN_DEVICE, True, here=self._own in self._here))
        return found

    def seen(self, record: PeerRecord) -> int | None:
        """When somebody was last connected; microseconds since 1970, UTC."""
        return self._wall() if record.key in self._here else self._seen.get(record.key, record.seen_at)

    def save(self) -> None:
        """Have the door remember what is new."""
        unsaved, self._unsaved = self._unsaved, set()
        for key in unsaved:
            self._door.remember_met(key, self.feed, self._held.get(key, 0), self._seen.get(key))

    def save_all(self) -> None:
        """As `save`, at the end: who is connected was seen until now."""
        for key in list(self._here):
            self.disconnected(key)
        self.save()

    def _note_seen(self, key: bytes) -> None:
        if key == self._own or key in self._door.records:  # strangers can make any number of keys
            self._seen[key] = self._wall()
            self._unsaved.add(key)

    def _holder(self, name: str, record: PeerRecord, seq: int) -> Holder:
        holds = self._held.get(record.key, 0) >= seq
        return Holder(name, holds, here=record.key in self._here, seen=self.seen(record))

    def _counts(self, key: bytes) -> bool:
        record = self._door.records.get(key)
        return key == self._own or (record is not None and record.pinned_at is not None)

    def _held_by(self, name: str) -> int:
        record = self._door.pinned(name)
        return 0 if record is None else self._held.get(record.key, 0)

    def _held_of(self, record: PeerRecord) -> int:
        return self._held.get(record.key, 0)

    def _remembered(self) -> dict[bytes, int]:
        mine = [self._door.mine] if self._door.mine else []
        return {record.key: record.held.get(self.feed, 0) for record in (*self._door.records.values(), *mine)}

    def _members(self) -> list[PeerRecord]:
        return [record for record in self._pinned() if not record.refused]

    def _pinned(self) -> list[PeerRecord]:
        return [record for record in self._door.records.values() if record.pinned_at is not None]

    def _display(self, record: PeerRecord) -> str:
        """The name as the command line has it."""
        return self._named.get(name_key(record.name), record.name)
