"""What somebody has read for certain, by their own signature: what their entries cite, and all before it.

Feeds are kept in whole prefixes. What an entry that is cited cites itself may be left out of a citation, and need not
be where the citing one was written: it is not counted.
"""

from __future__ import annotations

from app.entry import skim_entry
from app.storage.environment import Table, Txn
from app.storage.feeds import FeedReader, Feeds
from app.storage.placing import MAX_TIES, CrowdedError, PlaceReader


def cited_by(txn: Txn, tables: dict[bytes, Table], feeds: Feeds, author: bytes) -> dict[bytes, int]:
    """By feed, the last entry that an entry by `author` cites."""
    reader = FeedReader(txn, tables, feeds)
    places = PlaceReader(txn, tables, reader.of)
    last: dict[bytes, int] = {}
    for feed in feeds.all():
        if feed.author != author:
            continue
        for data in reader.entries(feed, feed.low, feed.seq):
            for digest in skim_entry(data)[1]:
                try:
                    found = places.find(digest, MAX_TIES)
                except CrowdedError:
                    continue
                if found is not None:
                    cited = reader.of(found[0]).id
                    last[cited] = max(last.get(cited, 0), found[1])
    return last
