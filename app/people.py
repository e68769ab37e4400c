"""The name to show for an author: the one place that decides who gets the plain name.

- Only I and whoever a name is pinned to are shown by the name alone. `~` and `?` are no letters of names.
- `carol?` is somebody whose words came through others and who was never met; `bob~3f2a9c`, with the beginning of the
  key's fingerprint, somebody without a pin who was met, or who has a namesake here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from app.identity import fingerprint
from app.names import name_key
from app.peers import Author, PeerRecord

UNMET = "?"
APART = "~"
_DIGITS = (6, 12, 32)  # the first that tells namesakes apart: keys with equal beginnings can be made


class People:
    """Not for several threads. Names are kept until `changed`."""

    def __init__(
        self,
        me: bytes,
        my_name: str,
        *,
        records: Callable[[], Mapping[bytes, PeerRecord]],
        authors: Callable[[], Iterable[Author]],
    ) -> None:
        """records: who was met, by key; authors: everybody whose entries are here."""
        self._me = me
        self._my_name = my_name
        self._records = records
        self._authors = authors
        self._labels: dict[tuple[bytes, str], str] = {}
        self._namesakes: dict[str, set[bytes]] | None = None

    def changed(self) -> None:
        """Somebody was met, pinned or decided about, or entries by somebody new have come."""
        self._labels.clear()
        self._namesakes = None

    def label(self, key: bytes, said: str) -> str:
        """What to call the author `key`, who calls themselves `said`."""
        label = self._labels.get((key, said))
        if label is None:
            label = self._labels[key, said] = self._label(key, said)
        return label

    def called(self, name: str) -> list[bytes]:
        """The keys of all who are shown as `name`, or who call themselves so."""
        wanted = name_key(name)
        return [
            author.key
            for author in self._authors()
            if wanted in (name_key(author.name), name_key(self.label(author.key, author.name)))
        ]

    def others(self) -> list[tuple[str, str]]:
        """(label, what they call themselves) of everybody but me who is known and not refused, by name."""
        shown = {key: said for key, said in self.known().items() if key != self._me and not self.is_refused(key)}
        return sorted((self.label(key, said), said) for key, said in shown.items())

    def known(self) -> dict[bytes, str]:
        """What I, and everybody who wrote something that is here or was met, call ourselves; by key."""
        known = {self._me: self._my_name} | {author.key: author.name for author in self._authors()}
        return known | {record.key: record.name for record in self._records().values()}

    def is_refused(self, key: bytes) -> bool:
        record = self._records().get(key)
        return record is not None and record.refused

    def is_pinned(self, key: bytes, said: str) -> bool:
        """Whether `said` is the name that is pinned to the key, or mine."""
        record = self._records().get(key)
        return key == self._me or (
            record is not None and record.pinned_at is not None and name_key(record.name) == name_key(said)
        )

    def _label(self, key: bytes, said: str) -> str:
        if key == self._me:
            return said
        record = self._records().get(key)
        if record is not None and record.pinned_at is not None:
            return record.name
        namesakes = self._same_names().get(name_key(said), set()) - {key}
        if record is None and not namesakes:
            return said + UNMET
        return set_apart(key, said, namesakes)

    def _same_names(self) -> dict[str, set[bytes]]:
        if self._namesakes is None:
            self._namesakes = {name_key(self._my_name): {self._me}}
            said = [(author.key, author.name) for author in self._authors()]
            for key, name in (*said, *((record.key, record.name) for record in self._records().values())):
                self._namesakes.setdefault(name_key(name), set()).add(key)
        return self._namesakes


def set_apart(key: bytes, said: str, namesakes: Iterable[bytes]) -> str:
    """The name with so much of the fingerprint as no namesake's begins with."""
    own, others = fingerprint(key), [fingerprint(other) for other in namesakes]
    shown = next((own[:n] for n in _DIGITS if not any(other.startswith(own[:n]) for other in others)), own)
    return said + APART + shown
