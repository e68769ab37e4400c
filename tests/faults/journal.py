"""What a program did to its files, in order, and what a power cut may leave of it.

A disk keeps what was synced: data by a sync of the file (or a write that is one), names by a sync of their folder. Of
the rest it keeps whatever it had come to: of data any pages, of a folder's names the first few.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

_RECORD = struct.Struct("=c3xIIIQq")
PAGE, SECTOR = 4096, 512


@dataclass(frozen=True, slots=True)
class Step:
    """op: W(rite), S(ynced write), T(runcate), F(sync), C(reate), M(kdir), R(ename), L(ink), U(nlink), A(nswer): what
    the program said on stdout."""

    op: str
    inode: int
    offset: int
    path: str
    other: str
    data: bytes


def read_journal(path: Path) -> list[Step]:
    content = path.read_bytes()
    steps, at = [], 0
    while at + _RECORD.size <= len(content):
        op, path_size, other_size, data_size, inode, offset = _RECORD.unpack_from(content, at)
        at += _RECORD.size
        ends = at + path_size, at + path_size + other_size, at + path_size + other_size + data_size
        name, other = content[at : ends[0]].decode(), content[ends[0] : ends[1]].decode()
        steps.append(Step(op.decode(), inode, offset, name, other, content[ends[1] : ends[2]]))
        at = ends[2]
    return steps


@dataclass(slots=True)
class _Change:
    """size: of a truncation; else data at offset."""

    offset: int
    data: bytes
    size: int | None = None
    durable: bool = False


@dataclass(slots=True)
class Disk:
    """What would be there, had the power failed now. folder: whose contents are known; it was there before."""

    folder: Path
    _files: dict[int, list[_Change]] = field(default_factory=dict)
    _names: list[tuple[Step, bool]] = field(default_factory=list)  # and whether they are durable
    said: bytes = b""

    def take(self, step: Step, *, honest: bool = True) -> None:
        """honest: the disk does what a sync asks for."""
        match step.op:
            case "A":
                self.said += step.data
            case "W" | "S":
                change = _Change(step.offset, step.data, durable=honest and step.op == "S")
                self._files.setdefault(step.inode, []).append(change)
            case "T":
                self._files.setdefault(step.inode, []).append(_Change(0, b"", step.offset))
            case "F" if honest:
                for change in self._files.get(step.inode, ()):
                    change.durable = True
                self._names = [(name, durable or _parent(name) == step.path) for name, durable in self._names]
            case "C" | "M" | "R" | "L" | "U":
                if step.op == "C":
                    self._files[step.inode] = []  # a number may have been another file's before
                self._names.append((step, False))

    def leave(self, target: Path, dice: Random) -> None:
        """Write what may be left into an empty folder."""
        luck = dice.choice((0.0, 0.1, 0.5, 0.9, 1.0))  # the share of what was not synced that got there all the same
        torn = dice.random() < 0.3
        entries = self._surviving(dice, luck)
        for path in sorted(entries):
            if all(str(parent) in entries for parent in Path(path).parents if self._inside(parent)):
                place = target / Path(path).relative_to(self.folder)
                if entries[path] is None:
                    place.mkdir(mode=0o700)
                else:
                    place.write_bytes(self._content(entries[path] or 0, dice, luck, torn=torn))
                    place.chmod(0o600)

    def _inside(self, path: Path) -> bool:
        return path != self.folder and path.is_relative_to(self.folder)

    def _surviving(self, dice: Random, luck: float) -> dict[str, int | None]:
        """Names with the file's number, None for folders."""
        entries: dict[str, int | None] = {}
        over: set[str] = set()  # folders whose later names were not written any more
        for step, durable in self._names:
            parent = _parent(step)
            if not durable and (parent in over or dice.random() > luck):
                over.add(parent)
                continue
            match step.op:
                case "C":
                    entries[step.path] = step.inode
                case "M":
                    entries[step.path] = None
                case "R":
                    entries.pop(step.path, None)
                    entries[step.other] = step.inode
                case "L":
                    entries[step.other] = step.inode
                case "U":
                    entries.pop(step.path, None)
        return entries

    def _content(self, inode: int, dice: Random, luck: float, *, torn: bool) -> bytes:
        content = bytearray()
        for change in self._files.get(inode, ()):
            if change.size is not None:
                if change.durable or dice.random() < luck:
                    content[change.size :] = bytes(max(0, change.size - len(content)))
                continue
            for offset, data in _pieces(change):
                kept = data if change.durable or dice.random() < luck else b""
                if torn and not change.durable and len(kept) > SECTOR and dice.random() < 0.2:
                    kept = kept[: dice.randrange(1, len(kept) // SECTOR + 1) * SECTOR]
                if kept:
                    content.extend(bytes(max(0, offset - len(content))))
                    content[offset : offset + len(kept)] = kept
        return bytes(content)


def _pieces(change: _Change) -> Iterator[tuple[int, bytes]]:
    """By pages: a disk writes them in any order."""
    if change.durable:
        yield change.offset, change.data
        return
    start, end = change.offset, change.offset + len(change.data)
    while start < end:
        following = min(end, (start // PAGE + 1) * PAGE)
        yield start, change.data[start - change.offset : following - change.offset]
        start = following


def _parent(step: Step) -> str:
    return str(Path(step.other or step.path).parent)
