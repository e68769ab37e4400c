"""What a check of a database has found, in words."""

from __future__ import annotations

from msgspec import Struct, field

from app.identity import fingerprint, grouped

MAX_KEPT = 200  # one lost page can spoil a million entries; the first findings say where


class Finding(Struct, frozen=True):
    """One thing that is not as it should be.

    table: the LMDB table, or "file"; author, name: of the feed, where it is about one; seq: the entry, likewise.
    """

    table: str
    text: str
    author: bytes | None = None
    name: str | None = None
    seq: int | None = None

    def __str__(self) -> str:
        place = self.table
        if self.author is not None:
            place += f", feed of {self.name or '?'} ({grouped(fingerprint(self.author))})"
        if self.seq is not None:
            place += f", entry {self.seq:,}"
        return f"{place}: {self.text}"


class Findings(Struct):
    """The outcome of a check.

    author: the public key of whose database it is, if it says so; feeds, entries: how many were looked at;
    total: findings, of which the first are kept; forked: names of authors of whom it is proved that they signed two
    entries with one number, which is no damage.
    """

    author: bytes | None = None
    feeds: int = 0
    entries: int = 0
    total: int = 0
    found: list[Finding] = field(default_factory=list)
    forked: set[str] = field(default_factory=set)

    @property
    def sound(self) -> bool:
        return not self.total

    def add(self, finding: Finding) -> None:
        self.total += 1
        if len(self.found) < MAX_KEPT:
            self.found.append(finding)
