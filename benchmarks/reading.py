"""A long history: what it takes to know the newest messages of several authors, to find a place, and to keep it all.

scuttleup keeps a log for each author and no order of all: who wants the newest messages reads everything.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import perf_counter

from app.timeline import LAST_KEY
from benchmarks import histories, node_js
from benchmarks.children import number
from benchmarks.measurement import OURS, SCUTTLEUP, Benchmark, Rounds, Row, Scene

MESSAGES = 1_000_000
AUTHORS = 10
PAGE = 200
PLACES = 100  # spread over the history


def rounds(scene: Scene) -> Rounds:
    messages = scene.amount(MESSAGES, 2_000)
    me = f"alice-{scene.tag}"
    folder, theirs = scene.folder / "ours", scene.folder / "scuttleup"
    histories.fill(folder, me, messages, AUTHORS)
    if scene.references:
        with node_js.scuttleup(scene.references, theirs, "alice") as child:
            child.ask("fill", messages=messages, authors=AUTHORS, size=histories.ENTRY_BYTES)
    while True:
        opened, page, rank = _read(folder, me)
        newest = {OURS: opened}
        size = {OURS: (folder / "log.mdb").stat().st_size / messages}
        if scene.references:
            with node_js.scuttleup(scene.references, theirs, "alice") as child:
                newest[SCUTTLEUP] = number(child.ask("read"), "seconds") * 1000
            size[SCUTTLEUP] = _size(theirs) / messages
        yield {"newest": newest, "page": {OURS: page}, "rank": {OURS: rank}, "size": size}


def _read(folder: Path, me: str) -> tuple[float, float, float]:
    """Milliseconds: to open it and read the newest page; a page anywhere; the rank of a message."""
    begun = perf_counter()
    with closing(histories.open_log(folder, me)) as log:
        log.before(LAST_KEY, PAGE)
        opened = (perf_counter() - begun) * 1000
        count = log.count()
        page = _mean(lambda place: log.before(_key(log.at_rank(count * place // PLACES)), PAGE))
        keys = [_key(log.at_rank(count * place // PLACES)) for place in range(PLACES)]
        rank = _mean(lambda place: log.rank(keys[place]))
    return opened, page, rank


def _mean(look: Callable[[int], object]) -> float:
    """Milliseconds."""
    begun = perf_counter()
    for place in range(PLACES):
        look(place)
    return (perf_counter() - begun) * 1000 / PLACES


def _key(key: bytes | None) -> bytes:
    return LAST_KEY if key is None else key


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


BENCHMARKS = (
    Benchmark(
        "history",
        "a history of a million messages: the newest, any place, and the size on disk",
        (
            Row("newest", f"the newest page of a million messages by {AUTHORS} read, from opening", "ms", (), 2),
            Row("page", f"— a jump to any place, and a page of {PAGE} there", "ms", (), 2),
            Row("rank", "— the place of a message, for the scroll bar", "ms", (), 3),
            Row("size", "— bytes on disk for each message of 100", "bytes"),
        ),
        rounds,
    ),
)
