"""Telling others what is durable here: to an entry's author at once, to the rest late, batched, and only if it helps.

- An author's ticks ("held by") are made of this, so authors are told directly after the commit. So is, once, whoever
  was asked for entries of which others sent the last: it would go on saying that it has them to give.
- Whoever relies on this node for a feed (it asked for its entries lately) is told after 50 ms. The others will most
  likely get the entry from its author: they are told after a second or more, unless they say first that they have it.
  The delay is drawn for each session, so that of two who would tell each other the same usually one is spared. It is
  drawn from a longer time the more sessions there are: whoever lacks it waits no longer, as the first of all who could
  tell comes no later, and a busy room's news go together.
- What waits to be told is a set of feeds, so it is bounded however slow the other side reads.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from random import Random

from msgspec import Struct, field

from app.frontier import Head
from app.replication.link import Link
from app.replication.session import Session

SOON_SECONDS = 0.05
LATE_SECONDS = 1.0
LATE_SPREAD_SECONDS = 0.5
SPREAD_PER_SESSION_SECONDS = 0.1

_OUTPUT_ROOM = 131_072
_PART = 1_024  # heads written at a time: 56 KiB


class _News(Struct):
    must: OrderedDict[bytes, None] = field(default_factory=OrderedDict)  # introductions and acknowledgements: now
    may: OrderedDict[bytes, None] = field(default_factory=OrderedDict)  # at `at`, if it is still news then
    at: float = math.inf
    introducing: bool = True
    relied_on: set[bytes] = field(default_factory=set)


class Announcer:
    def __init__(self, heads: Mapping[bytes, Head], own_feed: bytes, random: Random, dirty: set[Session]) -> None:
        self._heads = heads
        self._own_feed = own_feed
        self._random = random
        self._dirty = dirty
        self._news: dict[Link, _News] = {}

    def open(self, link: Link, feeds: Iterable[bytes], now: float) -> None:
        """Introduce `feeds`, the own first: it is pushed by its number."""
        news = self._news[link] = _News()
        news.must[self._own_feed] = None
        news.must.update(dict.fromkeys(feeds))
        self.flush(link, now)

    def close(self, link: Link) -> None:
        self._news.pop(link, None)

    def acknowledge(self, link: Link, feed: bytes) -> None:
        """To the author of the feed, or who was asked for it, once its entries are durable; `flush` writes it."""
        self._news[link].must[feed] = None

    def tell(self, link: Link, feed: bytes, now: float, *, soon: bool = False) -> None:
        """That there is more of `feed` here, to whoever does not get to know it first."""
        news = self._news[link]
        news.may[feed] = None
        if soon or feed in news.relied_on:
            news.at = min(news.at, now + SOON_SECONDS)
        else:
            spread = LATE_SPREAD_SECONDS + SPREAD_PER_SESSION_SECONDS * len(self._news)
            news.at = min(news.at, now + LATE_SECONDS + self._random.random() * spread)

    def relied_on(self, link: Link, feed: bytes) -> None:
        """The other side asks for the feed here."""
        self._news[link].relied_on.add(feed)

    def not_relied_on(self, link: Link, feed: bytes) -> None:
        """The other side has the newest of the feed from elsewhere."""
        self._news[link].relied_on.discard(feed)

    def is_introducing(self, link: Link) -> bool:
        news = self._news.get(link)
        return news is not None and news.introducing

    def flush(self, link: Link, now: float) -> None:
        """Write what is due, as far as the output has room."""
        news = self._news[link]
        while (news.must or news.introducing or news.at <= now) and link.session.output_size < _OUTPUT_ROOM:
            feeds = _take(news.must, _PART)
            if news.at <= now:
                feeds += [feed for feed in _take(news.may, _PART) if self._is_news(link, feed)]
                if not news.may:
                    news.at = math.inf
            news.introducing = news.introducing and bool(news.must)
            link.session.announce([(feed, self._heads[feed]) for feed in feeds], not news.introducing)
            self._dirty.add(link.session)

    def tick(self, now: float) -> None:
        for link, news in self._news.items():
            if news.at <= now:
                self.flush(link, now)

    def deadline(self) -> float | None:
        times = [news.at for link, news in self._news.items() if link.session.output_size < _OUTPUT_ROOM]
        at = min(times, default=math.inf)
        return None if at == math.inf else at

    def _is_news(self, link: Link, feed: bytes) -> bool:
        mark = link.marks.get(feed)
        if mark is None:
            return True
        return not mark.diverged and max(mark.seq, mark.sent) < self._heads[feed].seq


def _take(feeds: OrderedDict[bytes, None], most: int) -> list[bytes]:
    return [feeds.popitem(last=False)[0] for _ in range(min(most, len(feeds)))]
