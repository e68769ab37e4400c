"""What is known of the other side of one open session: how much of each feed it says it holds.

- A claim is what the other side said (heads, have, or the entries it sent). It proves nothing until its entries are
  here.
- Counts are kept as claims and heads change, so that progress is never a walk over all feeds.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from app.frontier import Head
from app.replication.accounts import Account
from app.replication.handshake import RemotePeer
from app.replication.session import Session


class Mark(Struct, eq=False):
    """The other side's claim on one feed: entries low..seq, and the first 16 bytes of h(seq), empty if not said.

    sent: the last entry that was sent to it in this session, 0 if none.
    fetched: the last entry that it sent when asked, or the one before what it was asked for; None: it was not asked,
    or knows what came of it.
    void: it did not serve what it claimed; not believed until it claims anew.
    diverged: it holds another branch than this node, or more than is kept of it here; neither wanted nor pushed in this
    session.
    unwanted: diverged for the only reason that its author is refused here, which can be taken back.
    """

    low: int = 1
    seq: int = 0
    short_hash: bytes = b""
    sent: int = 0
    fetched: int | None = None
    void: bool = False
    diverged: bool = False
    unwanted: bool = False
    gaps: int = 0
    missing: int = 0
    offered: int = 0


class Progress(Struct, frozen=True):
    """How far two sides are apart.

    here: entries that the other says to hold and this node lacks, whoever brings them; there: own entries that the
    other has not acknowledged, and what it lacks of the feeds that it is fetching here; neither counts feeds of which
    it holds another branch. level: both sides have introduced all their feeds, and nothing is to come from the other
    or is asked for by it. What it did not serve in time is no more to come from it.
    """

    here: int
    there: int
    level: bool


class Link:
    """One open session with its marks. `missing_here`: entries that are offered here, not void, and not held;
    `offered_here`: void ones too."""

    def __init__(
        self,
        session: Session,
        remote: RemotePeer,
        account: Account,
        heads: Mapping[bytes, Head],
    ) -> None:
        """account: what the other side has cost, in this session and others."""
        self.session = session
        self.remote = remote
        self.account = account
        self.marks: dict[bytes, Mark] = {}
        self.whole = False  # the other side has introduced all its feeds
        self.missing_here = 0
        self.offered_here = 0
        self.reported: Progress | None = None
        self._heads = heads

    def mark(self, feed: bytes) -> Mark:
        mark = self.marks.get(feed)
        if mark is None:
            mark = self.marks[feed] = Mark()
        return mark

    def seq(self, feed: bytes) -> int:
        """The last entry that the other side is known to have had in hand: it claimed it or was sent it."""
        mark = self.marks.get(feed)
        return max(mark.seq, mark.sent) if mark else 0

    def waits_in_vain(self, feed: bytes, seq: int) -> bool:
        """Entries up to `seq` are here, all that it offers: whether it was asked for them and others sent the last
        ones, so that it counts on being asked for more. It is to be told once."""
        mark = self.marks.get(feed)
        if mark is None or mark.fetched is None or mark.seq > seq:
            return False
        fetched, mark.fetched = mark.fetched, None
        return fetched < seq

    def missing_of(self, feed: bytes) -> int:
        """How many entries of `feed` are offered here, not void, and not held."""
        mark = self.marks.get(feed)
        return mark.missing if mark else 0

    def recount(self, feed: bytes) -> None:
        """To be called when the claim on `feed` or this node's head of it changed."""
        mark = self.marks.get(feed)
        if mark is None:
            return
        head = self._heads.get(feed)
        offered = 0 if mark.diverged else max(0, mark.seq - (head.seq if head else 0))
        missing = 0 if mark.void else offered
        self.offered_here += offered - mark.offered
        self.missing_here += missing - mark.missing
        mark.offered, mark.missing = offered, missing
