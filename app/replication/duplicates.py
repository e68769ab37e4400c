"""Which authenticated connections there are, and which one of two to the same peer stays.

A peer is (key, node). Both sides apply the same rule (docs/protocol.md, section 4.3), so that they keep the same one:
opposite dials of the same runs keep the one dialled by the smaller key || node; otherwise the newer replaces the older,
because its machine started again before the old connection was found dead.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

from msgspec import Struct

T = TypeVar("T")


class Peer(Struct, frozen=True):
    """key: public key, 32 bytes; node: 16 bytes, made with its database."""

    key: bytes
    node: bytes


class Link(Struct, Generic[T], frozen=True):
    """One authenticated connection. run: 8 bytes, the other's; dialled: by me; item: what the owner needs of it."""

    peer: Peer
    run: bytes
    dialled: bool
    item: T


class Links(Generic[T]):
    def __init__(self, own: Peer) -> None:
        self._own = own
        self._links: dict[Peer, Link[T]] = {}

    def add(self, link: Link[T], *, is_silent: Callable[[T], bool]) -> Link[T] | None:
        """Take note of a new connection. Answers the one that has to go, `link` itself or an older one, if any.

        is_silent: whether an older connection owes a sign of life. It does not count then: the peer would hardly dial
        if it were alive, and the rule would else keep the dead one until its time is up.
        """
        older = self._links.get(link.peer)
        opposite = older is not None and older.run == link.run and older.dialled != link.dialled
        if older is not None and opposite and not is_silent(older.item):
            mine_stays = self._own.key + self._own.node < link.peer.key + link.peer.node
            if older.dialled == mine_stays:
                return link
        self._links[link.peer] = link
        return older

    def remove(self, link: Link[T]) -> bool:
        """Forget a connection that ended. Whether it was the one to its peer, and not one that had to go."""
        if self._links.get(link.peer) is not link:
            return False
        del self._links[link.peer]
        return True

    def __iter__(self) -> Iterator[Link[T]]:
        return iter(list(self._links.values()))

    def __len__(self) -> int:
        return len(self._links)
