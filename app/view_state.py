"""What the screen remembers from one start to the next, in small files: of a room, and of a person's taste.

- The files hold a CBOR map. Fields that are not known are those of a later version, and are left alone when it is kept.
- Nothing here is worth an error: what cannot be read is as it was at the first start.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TypeGuard

import cbor2
from msgspec import Struct, field

from app.private_files import write_instead

MAX_BYTES = 8 * 1024 * 1024  # a file of ours is smaller, with 100,000 feeds in a room; what is larger is none of ours

_logger = logging.getLogger(__name__)


Numbers = dict[bytes, list[int]]  # by feed id: first and last number of a range of entries, then of the next one


class Writing(Struct, frozen=True):
    """A text that is being written for a message, such as an answer. aim: what it will be; feed, seq: the message."""

    aim: str
    feed: bytes
    seq: int
    text: str


class RoomView(Struct):
    """What has been read in a room, who is muted there, and what is being written.

    known: by feed id, up to which number it is settled whether an entry was read, None if the room was never looked at;
    read_key: the timeline key of the newest message that has been read, empty if none; unread, late: which ones of the
    known were not, late ones those that arrived when later ones had been read; muted: public keys; writing: beside the
    draft; hues: public keys in the order in which their names got a colour.
    """

    known: dict[bytes, int] | None = None
    read_key: bytes = b""
    unread: Numbers = field(default_factory=dict)
    late: Numbers = field(default_factory=dict)
    muted: set[bytes] = field(default_factory=set)
    writing: Writing | None = None
    hues: list[bytes] = field(default_factory=list)
    _others: dict[object, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        known: dict[object, object] = {
            "known": self.known,
            "read key": self.read_key,
            "unread": self.unread,
            "late": self.late,
            "muted": sorted(self.muted),
        }
        if self.writing is not None:
            known["writing"] = [self.writing.aim, self.writing.feed, self.writing.seq, self.writing.text]
        if self.hues:
            known["hues"] = self.hues
        return cbor2.dumps(self._others | known)


class Taste(Struct):
    """How a person wants the screen, in all rooms. theme: its name, empty for the usual one; notify: what calls them,
    a value of app.settings.Notify, empty for what config.toml says."""

    theme: str = ""
    peers_folded: bool = False
    notify: str = ""
    _others: dict[object, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        known = {"theme": self.theme, "peers folded": self.peers_folded}
        return cbor2.dumps(self._others | known | ({"notify": self.notify} if self.notify else {}))


def load_room_view(path: Path) -> RoomView:
    match _load(path):
        case {
            "known": known,
            "read key": bytes() as key,
            "unread": unread,
            "late": late,
            "muted": [*muted],
            **others,
        } if (known is None or _is_heads(known)) and _are_numbers(unread) and _are_numbers(late) and _are_bytes(muted):
            writing, hues = _writing(others.pop("writing", None)), _keys(others.pop("hues", None))
            return RoomView(known, key, unread, late, set(muted), writing, hues, others)
    return RoomView()


def load_taste(path: Path) -> Taste:
    match _load(path):
        case {"theme": str() as theme, "peers folded": bool() as folded, **others}:
            notify = others.pop("notify", "")
            return Taste(theme, folded, notify if isinstance(notify, str) else "", others)
    return Taste()


def save(path: Path, encoded: bytes) -> None:
    """Keep what `encode` gave, whole or not at all, readable by its owner alone."""
    try:
        write_instead(path, encoded)
    except OSError as error:
        _logger.warning("what the screen remembers cannot be kept: %s", error)


def _load(path: Path) -> object:
    try:
        if path.stat().st_size <= MAX_BYTES:
            return cbor2.loads(path.read_bytes())
    except FileNotFoundError:
        pass
    except (OSError, cbor2.CBORDecodeError, ValueError) as error:
        _logger.warning("what the screen remembers cannot be read: %s", error)
    return None


def _writing(kept: object) -> Writing | None:
    match kept:
        case [str() as aim, bytes() as feed, int() as seq, str() as text]:
            return Writing(aim, feed, seq, text)
    return None


def _keys(kept: object) -> list[bytes]:
    return list(dict.fromkeys(kept)) if isinstance(kept, list) and _are_bytes(kept) else []


def _is_heads(value: object) -> TypeGuard[dict[bytes, int]]:
    return isinstance(value, dict) and _are_bytes(value) and all(type(seq) is int for seq in value.values())


def _are_numbers(value: object) -> TypeGuard[Numbers]:
    return (
        isinstance(value, dict)
        and _are_bytes(value)
        and all(type(numbers) is list and len(numbers) % 2 == 0 for numbers in value.values())
        and all(type(number) is int for numbers in value.values() for number in numbers)
    )


def _are_bytes(value: Iterable[object]) -> bool:
    return all(type(item) is bytes for item in value)
