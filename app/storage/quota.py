"""How much may be stored that nobody here has met the author of: it counts against the peer that brought it.

- A feed counts against its author if the author's key is pinned, else against the peer that brought its first entries.
- Who brought a feed is kept with it, so that neither a new session nor a new start begins a new account.
- Own feeds, also those of own other devices, count against nobody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from app.storage.schema import FeedRecord

ENTRY_COST = 200  # bytes that the smallest entry takes beside its own


class Quota(Struct, frozen=True):
    """What one peer may bring. feeds: of its own and by authors not pinned; size: bytes by authors not pinned."""

    feeds: int = 1_024
    size: int = 1 << 30


class Accounts:
    """What each peer has brought, within one transaction. The feeds are counted once, and only if it matters."""

    def __init__(
        self, quota: Quota, feeds: Iterable[FeedRecord], own: bytes, is_pinned: Callable[[bytes], bool]
    ) -> None:
        """feeds: all, before anything is charged; own: this author's key; is_pinned: whether an author's key is."""
        self._quota = quota
        self._held = feeds
        self._own = own
        self._is_pinned = is_pinned
        self._feeds: Counter[bytes] | None = None
        self._size: Counter[bytes] = Counter()

    def is_own(self, author: bytes) -> bool:
        return author == self._own

    def payer(self, author: bytes, via: bytes) -> bytes:
        """Against whom it counts what `via` brought by `author`."""
        return author if self._is_pinned(author) else via

    def charge(self, author: bytes, via: bytes, size: int, *, new: bool) -> str | None:
        """Why `size` more by `author`, whose feed `via` brought, is not taken; None, and it counts, if it is.

        new: it begins a feed.
        """
        pinned = self._is_pinned(author)
        payer = author if pinned else via
        if author == self._own or not payer or (pinned and not new):
            return None
        if self._feeds is None:
            self._feeds = Counter()
            for record in self._held:
                self._count(self._feeds, record.author, record.via, record.size, 1)
        if new and self._feeds[payer] >= self._quota.feeds:
            return f"more than {self._quota.feeds:,} feeds are not kept for one peer"
        if not pinned and self._size[payer] >= self._quota.size:
            return f"more than {self._quota.size:,} bytes by people whom nobody here has met are not kept for one peer"
        self._count(self._feeds, author, via, size, int(new))
        return None

    def _count(self, feeds: Counter[bytes], author: bytes, via: bytes, size: int, new: int) -> None:
        pinned = self._is_pinned(author)
        payer = author if pinned else via
        feeds[payer] += new
        if not pinned:
            self._size[payer] += size


def size_of(entries: Sequence[bytes]) -> int:
    return sum(map(len, entries)) + ENTRY_COST * len(entries)
