"""What somebody has read for certain, by their own signature: what their entries cite, and all before it.

Feeds are kept in whole prefixes. What an entry that is cited cites itself may be left out of a citation, and need not
be where the citing one was written: it is not counted.

All entries of theirs are read, some at a time: while the writer waits for the end of a transaction, to map the file
anew, nobody else can begin to read.
"""

from __future__ import annotations

from app.entry import skim_entry
from app.storage.environment import Environment
from app.storage.feeds import FeedReader, Feeds
from app.storage.placing import MAX_TIES, CrowdedError, PlaceReader

_STRETCH = 2_000  # entries in one transaction, some 4 ms


def cited_by(env: Environment, feeds: Feeds, author: bytes) -> dict[bytes, int]:
    """By feed, the last entry that an entry by `author` cites."""
    last: dict[bytes, int] = {}
    for feed in feeds.all():
        if feed.author != author:
            continue
        for low in range(feed.low, feed.seq + 1, _STRETCH):
            with env.read() as txn:
                reader = FeedReader(txn, env.tables, feeds)
                places = PlaceReader(txn, env.tables, reader.of)
                for data in reader.entries(feed, low, min(low + _STRETCH - 1, feed.seq)):
                    for digest in skim_entry(data)[1]:
                        try:
                            found = places.find(digest, MAX_TIES)
                        except CrowdedError:
                            continue
                        if found is not None:
                            cited = reader.of(found[0]).id
                            last[cited] = max(last.get(cited, 0), found[1])
    return last
