"""The frames and the handshake of docs/vectors.json, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.identity import Identity
from app.replication import frames
from app.replication.handshake import LocalHello, Role, Transcript, local_hello

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[2] / "docs" / "vectors.json").read_text())


@pytest.mark.parametrize("vector", VECTORS["frames"], ids=lambda vector: str(vector["what"]))
def test_frames_are_read_and_written_as_in_the_vectors(vector: dict[str, Any]) -> None:
    data = bytes.fromhex(vector["frame"])
    assert frames.frame_length(data[:4], frames.MAX_FRAME) == len(data) - 4
    assert frames.encode(frames.decode(data[4:])) == data


@pytest.mark.parametrize(("side", "role"), [("client", Role.CLIENT), ("server", Role.SERVER)])
def test_hello_and_proof_are_those_of_the_vectors(side: str, role: Role) -> None:
    handshake = VECTORS["handshake"]
    mine = handshake[side]
    identity = Identity.from_secret(bytes.fromhex(mine["seed"]))
    local = LocalHello(identity, bytes.fromhex(mine["node"]), bytes.fromhex(mine["run"]), mine["name"], mine["room"])
    assert frames.encode(local_hello(local, bytes.fromhex(mine["nonce"])))[4:].hex() == mine["hello"]

    transcript = Transcript(
        bytes.fromhex(handshake["client"]["hello"]),
        bytes.fromhex(handshake["server"]["hello"]),
        bytes.fromhex(handshake["binding"]),
    )
    signature = transcript.sign(identity, role)
    assert frames.encode(frames.Auth(signature))[4:].hex() == mine["auth"]["frame"]
    assert transcript.is_signed_by(identity.public, role, signature)
    assert not transcript.is_signed_by(identity.public, role.other, signature)
