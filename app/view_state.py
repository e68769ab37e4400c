"""What the screen remembers from one start to the next, in small files: of a room, and of a person's taste.

- The files hold a CBOR map. Fields that are not known are those of a later version, and are left alone when it is kept.
- Nothing here is worth an error: what cannot be read is as it was at the first start.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from pathlib import Path

import cbor2

from app.private_files import write_instead

MAX_BYTES = 1024 * 1024  # a file of ours is smaller; what is larger is none of ours

_logger = logging.getLogger(__name__)


@dataclass(slots=True)
class RoomView:
    """What has been read in a room, and who is muted there.

    read_arrival: microseconds since 1970, UTC; what arrived later is unread, None if the room was never looked at;
    read_key: the timeline key of the newest message that has been read, empty if none; muted: public keys.
    """

    read_arrival: int | None = None
    read_key: bytes = b""
    muted: set[bytes] = field(default_factory=set)
    _others: dict[object, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        known = {"read arrival": self.read_arrival, "read key": self.read_key, "muted": sorted(self.muted)}
        return cbor2.dumps(self._others | known)


@dataclass(slots=True)
class Taste:
    """How a person wants the screen, in all rooms. theme: its name, empty for the usual one."""

    theme: str = ""
    peers_folded: bool = False
    _others: dict[object, object] = field(default_factory=dict)

    def encode(self) -> bytes:
        return cbor2.dumps(self._others | {"theme": self.theme, "peers folded": self.peers_folded})


def load_room_view(path: Path) -> RoomView:
    match _load(path):
        case {
            "read arrival": int() | None as arrival,
            "read key": bytes() as key,
            "muted": [*muted],
            **others,
        } if all(type(author) is bytes for author in muted):
            return RoomView(arrival, key, set(muted), others)
    return RoomView()


def load_taste(path: Path) -> Taste:
    match _load(path):
        case {"theme": str() as theme, "peers folded": bool() as folded, **others}:
            return Taste(theme, folded, others)
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
