"""The pages of an LMDB 0.9 data file, read without LMDB: what is damaged there must not end the process that saves it.

- Nothing is believed: a page has to say its own number, a node has to lie within its page. What does not is left out.
- Two ways to the records: down the trees, as the database stood last; and page by page, with what is not reached any
  more. LMDB never changes a page in place, so that the second way finds older copies too.
- A part of the file that cannot be read (a bad sector) is a page that is not there.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

HEADER = struct.Struct("=Q2xHHH")  # number, flags, lower, upper
_META_FIELDS = struct.Struct("=IIQQ")  # magic, version, address, map size
_TREE = struct.Struct("=IHHQQQQQ")  # pad, flags, depth, branches, leaves, overflow pages, entries, root
_NODE = struct.Struct("=HHHH")  # size or page: low, high; flags; key size
_META_END = struct.Struct("=QQ")  # last page, transaction
_MAGIC = 0xBEEFC0DE
_BRANCH, _LEAF, _OVERFLOW, _META = 0x01, 0x02, 0x04, 0x08
_BIG, _SUBTREE = 0x01, 0x02
_NO_PAGE = 2**64 - 1
_MAX_DEPTH = 32
PAGE_SIZES = (4096, 8192, 16384, 32768)


class Place(Struct, frozen=True):
    """Where a record's value stands in the file."""

    offset: int
    size: int


class Node(Struct, frozen=True):
    """A record of a leaf page. tree: whether its value is the root of another tree."""

    key: bytes
    value: Place
    tree: bool


class Meta(Struct, frozen=True):
    """One of the two pages that say where everything is. root: of the tree of tables."""

    transaction: int
    root: int


class PageFile:
    """A data file, open for reading. Close it."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = os.fstat(self._descriptor).st_size
        self.page_size = PAGE_SIZES[0]
        self.metas = self._read_metas()

    def close(self) -> None:
        os.close(self._descriptor)

    @property
    def pages(self) -> int:
        """How many there are, the last one perhaps cut short."""
        return -(-self._size // self.page_size)

    def read(self, place: Place) -> bytes | None:
        """None if it is not all there."""
        try:
            data = os.pread(self._descriptor, place.size, place.offset)
        except OSError:
            return None
        return data if len(data) == place.size else None

    def leaf(self, number: int) -> list[Node]:
        """The records of a leaf page; none if it is no sound one."""
        page = self._page(number, _LEAF)
        if page is None:
            return []
        return [node for start in self._nodes(page) if (node := self._leaf_node(page, number, start)) is not None]

    def inner_pages(self, node: Node) -> range:
        """The pages that hold a long value alone: whatever they look like, its author wrote them."""
        if node.value.offset % self.page_size != HEADER.size:
            return range(0)
        first = node.value.offset // self.page_size
        return range(first + 1, first + -(-(HEADER.size + node.value.size) // self.page_size))

    def tree(self, root: int) -> Iterator[Node]:
        """The records of a tree, as far as its pages are sound."""
        for number in self.leaves(root):
            yield from self.leaf(number)

    def leaves(self, root: int) -> Iterator[int]:
        """The pages of a tree that are no sound branches, and so may be leaves."""
        seen: set[int] = set()
        work = [(root, 0)]
        while work:
            number, depth = work.pop()
            if number in seen or depth > _MAX_DEPTH:
                continue
            seen.add(number)
            page = self._page(number, _BRANCH)
            if page is None:
                yield number
                continue
            children = []
            for start in self._nodes(page):
                low, high, flags, _ = _NODE.unpack_from(page, start)
                children.append((low | high << 16 | flags << 32, depth + 1))
            work.extend(reversed(children))

    def table(self, meta: Meta, name: bytes) -> Iterator[Node]:
        """The records of a table as of `meta`."""
        for number in self.table_leaves(meta, name):
            yield from self.leaf(number)

    def table_leaves(self, meta: Meta, name: bytes) -> Iterator[int]:
        """The pages of a table as of `meta` that may be leaves."""
        for node in self.tree(meta.root):
            if node.key == name and node.tree and node.value.size == _TREE.size:
                data = self.read(node.value)
                root = _NO_PAGE if data is None else _TREE.unpack(data)[-1]
                if root != _NO_PAGE:
                    yield from self.leaves(root)
                return

    def _read_metas(self) -> list[Meta]:
        """The sound ones, the newest first."""
        for size in PAGE_SIZES:
            found = [meta for number in (0, 1) if (meta := self._read_meta(number, size)) is not None]
            if found:
                self.page_size = size
                return sorted(found, key=lambda meta: -meta.transaction)
        return []

    def _read_meta(self, number: int, size: int) -> Meta | None:
        data = self.read(Place(number * size, HEADER.size + _META_FIELDS.size + 2 * _TREE.size + _META_END.size))
        if data is None:
            return None
        said, flags, _, _ = HEADER.unpack_from(data)
        magic, version, _, _ = _META_FIELDS.unpack_from(data, HEADER.size)
        trees = HEADER.size + _META_FIELDS.size
        page_size = _TREE.unpack_from(data, trees)[0]
        if (said, magic, version, page_size) != (number, _MAGIC, 1, size) or not flags & _META:
            return None
        transaction = _META_END.unpack_from(data, trees + 2 * _TREE.size)[1]
        if transaction % 2 != number and transaction:
            return None  # each transaction has its page
        return Meta(transaction, _TREE.unpack_from(data, trees + _TREE.size)[-1])

    def _page(self, number: int, flags: int) -> bytes | None:
        if not 0 <= number < self.pages:
            return None
        page = self.read(Place(number * self.page_size, self.page_size))
        if page is None:
            return None
        said, kind, lower, upper = HEADER.unpack_from(page)
        sound = said == number and kind == flags and HEADER.size <= lower <= upper <= self.page_size
        return page if sound else None

    def _nodes(self, page: bytes) -> Iterator[int]:
        """Where the nodes of a page begin."""
        lower = HEADER.unpack_from(page)[2]
        for (start,) in struct.iter_unpack("=H", page[HEADER.size : lower - lower % 2]):
            if lower <= start <= self.page_size - _NODE.size:
                yield start

    def _leaf_node(self, page: bytes, number: int, start: int) -> Node | None:
        low, high, flags, key_size = _NODE.unpack_from(page, start)
        at = start + _NODE.size + key_size
        size = low | high << 16
        if at > self.page_size:
            return None
        key = page[start + _NODE.size : at]
        if flags & _BIG:
            if at + 8 > self.page_size:
                return None
            first = int.from_bytes(page[at : at + 8], sys.byteorder)
            if not self._is_overflow(first, size):
                return None
            return Node(key, Place(first * self.page_size + HEADER.size, size), False)
        if at + size > self.page_size:
            return None
        return Node(key, Place(number * self.page_size + at, size), bool(flags & _SUBTREE))

    def _is_overflow(self, number: int, size: int) -> bool:
        data = self.read(Place(number * self.page_size, HEADER.size)) if 0 <= number < self.pages else None
        if data is None or number * self.page_size + HEADER.size + size > self._size:
            return False
        said, flags, low, high = HEADER.unpack(data)
        pages = -(-(HEADER.size + size) // self.page_size)
        return bool(said == number and flags == _OVERFLOW and low | high << 16 == pages)
