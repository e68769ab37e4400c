"""docs/vectors.json, the vectors for other implementations, hold for this one. Frames: tests/replication."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app import entry, identity
from app.genesis import decode_genesis
from app.names import preferred_port

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent.parent / "docs" / "vectors.json").read_text())


def test_ports() -> None:
    for name, room, port in VECTORS["ports"]:
        assert preferred_port(name, room) == port, name


def test_keys_and_fingerprints() -> None:
    for key in VECTORS["keys"]:
        mine = identity.Identity.from_secret(bytes.fromhex(key["seed"]))
        assert (mine.public.hex(), mine.fingerprint) == (key["public"], key["fingerprint"])


@pytest.mark.parametrize("feed", VECTORS["feeds"], ids=lambda feed: str(feed["name"]))
def test_feeds(feed: dict[str, Any]) -> None:
    before = entry.NO_HASH
    feed_id = bytes.fromhex(feed["feed"])
    for expected in feed["entries"]:
        data = bytes.fromhex(expected["bytes"])
        said = entry.decode_entry(data)
        assert (said.time, said.kind, said.text) == (expected["time"], expected["kind"], expected["text"])
        assert [digest.hex() for digest in said.seen] == expected["seen"]
        assert entry.encode_entry(expected["time"], said.seen, expected["kind"], said.payload) == data
        assert entry.entry_hash(data).hex() == expected["entry_hash"]
        before = entry.chain_hash(before, data)
        assert before.hex() == expected["chain_hash"]
        assert entry.entry_digest(feed_id, expected["seq"], said.time, data).hex() == expected["digest"]
        message = entry.checkpoint_message(feed_id, expected["seq"], before)
        assert message.hex() == expected["checkpoint_message"]
        assert identity.verify(bytes.fromhex(feed["author"]), message, bytes.fromhex(expected["checkpoint"]))


@pytest.mark.parametrize("feed", VECTORS["feeds"], ids=lambda feed: str(feed["name"]))
def test_genesis(feed: dict[str, Any]) -> None:
    data = bytes.fromhex(feed["entries"][0]["bytes"])
    genesis = decode_genesis(data)
    fork = genesis.fork and [genesis.fork.feed.hex(), genesis.fork.seq, genesis.fork.hash.hex()]
    assert entry.feed_id(data).hex() == feed["feed"]
    assert (genesis.author.hex(), genesis.name, genesis.room) == (feed["author"], feed["name"], feed["room"])
    assert (genesis.nonce.hex(), fork) == (feed["nonce"], feed["fork"])


def test_what_does_not_keep_to_the_format_is_unreadable() -> None:
    for case in VECTORS["unreadable"]:
        assert entry.decode_entry(bytes.fromhex(case["bytes"])) == entry.UNREADABLE, case["why"]


def test_small_order_and_non_canonical_points_are_refused() -> None:
    for point in VECTORS["refused_points"]:
        assert not identity.is_valid_point(bytes.fromhex(point)), point
