"""Who is known in a room, in lines for a person: keys, who is let in, who asks to be, who is refused."""

from __future__ import annotations

from collections.abc import Sequence

from app.door import Door
from app.identity import fingerprint, grouped
from app.moments import local
from app.peers import Author, PeerRecord, Standing
from app.text import one_line


def people_list(door: Door, own: bytes, authors: Sequence[Author]) -> str:
    """Those who were met first; then who asks to be let in; then those whose words came through others.

    own: own public key; authors: everybody whose entries are here.
    """
    waiting = door.waiting()
    names = {author.key: author.name for author in authors if author.key != own} | waiting
    names |= {record.key: record.name for record in door.records.values()}
    via = {author.key: author.via for author in authors}
    rows = []
    for key, name in sorted(names.items(), key=lambda item: (item[0] not in door.records, item[1])):
        asks = ["asks to be let in"] if key in waiting else []
        record = door.records.get(key)
        bringer = names.get(via.get(key, b""))
        through = "others" if bringer is None else one_line(door.people.label(via[key], bringer))
        remarks = asks + _remarks(record) if record else asks or [f"never met, known through {through}"]
        label = door.label(key, name) if key in waiting else door.people.label(key, name)
        rows.append("  ".join((one_line(label), grouped(fingerprint(key)), *remarks)))
    return "\n".join(rows) or "nobody was met here yet"


def _remarks(record: PeerRecord) -> list[str]:
    match record.standing:
        case Standing.ACCEPTED:
            remarks = [f"let in {_day(record.decided_at)}"]
        case Standing.REFUSED:
            remarks = [f"refused {_day(record.decided_at)}"]
        case None:
            remarks = ["not let in"]
    if record.pinned_at is not None:
        remarks.append(f"known since {_day(record.pinned_at)}")
    remarks.append("not verified" if record.verified_at is None else f"verified {_day(record.verified_at)}")
    return remarks


def _day(time: int | None) -> str:
    if time is None:
        return ""
    day = local(time, None)
    return "at an unknown date" if day is None else f"{day:%Y-%m-%d}"
