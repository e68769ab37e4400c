"""Records as later versions may write them."""

from __future__ import annotations

import cbor2
import pytest

from app.errors import DamagedError
from app.peers import PeerRecord, Standing
from app.storage.schema import decode_peer, encode_peer

KEY = bytes(range(32))
PLAIN = {"name": "bob", "pinned": 5, "held": {}}


def test_a_record_of_a_peer_comes_back() -> None:
    for record in (PeerRecord(KEY, "bob", None), PeerRecord(KEY, "bob", 5, {KEY: 7}, Standing.REFUSED, 6, 7, 8)):
        assert decode_peer(KEY, encode_peer(record)) == record


def test_fields_and_standings_of_a_later_version_are_ignored() -> None:
    later = {**PLAIN, "standing": "observer", "decided": 9, "verified": "yes", "seen": [], "colour": "red"}
    assert decode_peer(KEY, cbor2.dumps(later)) == PeerRecord(KEY, "bob", 5)


@pytest.mark.parametrize("broken", [{}, {**PLAIN, "name": 5}, {**PLAIN, "held": {b"x": 1}}])
def test_a_record_that_cannot_be_read_is_damage(broken: object) -> None:
    with pytest.raises(DamagedError):
        decode_peer(KEY, cbor2.dumps(broken))
