from __future__ import annotations

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from app.errors import IdentityError
from app.identity import Identity, fingerprint, grouped, is_valid_point, load_or_create, verify

# Encodings of the eight points of small order, the non-canonical ones too, with and without the sign bit.
P = 2**255 - 19
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826  # a y of order 8; the other is -y
SMALL_ORDER = [
    (y | sign << 255).to_bytes(32, "little") for y in (0, 1, P - 1, P, P + 1, ORDER_8, P - ORDER_8) for sign in (0, 1)
]


def test_a_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    first = load_or_create(path)
    assert load_or_create(path).public == first.public
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["identity.key"]


def test_saving_never_replaces_a_key(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    first = load_or_create(path)
    with pytest.raises(FileExistsError):
        Identity.generate().save(path)
    assert Identity.load(path).public == first.public
    assert [item.name for item in tmp_path.iterdir()] == ["identity.key"]


def test_a_loaded_key_signs_as_the_saved_one(tmp_path: Path) -> None:
    made = load_or_create(tmp_path / "identity.key")
    loaded = Identity.load(tmp_path / "identity.key")
    assert verify(made.public, b"message", loaded.sign(b"message"))


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "identity.key"
    load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(IdentityError, match="chmod 600"):
        Identity.load(path)


@pytest.mark.parametrize("content", [b"", b"x", b"chat-tui identity 1\npublic 00\n", b"\xff" * 150])
def test_a_damaged_key_file_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "identity.key"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(IdentityError, match=r"damaged|cannot be read"):
        load_or_create(path)
    assert path.read_bytes() == content


@pytest.mark.parametrize("point", SMALL_ORDER, ids=bytes.hex)
def test_points_of_small_order_are_refused(point: bytes) -> None:
    assert not is_valid_point(point)
    assert not verify(point, b"any", point + bytes(32))


def test_one_signature_for_every_message_is_refused_although_openssl_takes_it() -> None:
    key = (1).to_bytes(32, "little")
    signature = key + bytes(32)
    for message in (b"one", b"two"):
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        assert not verify(key, message, signature)


@given(st.integers(P, 2**255 - 1), st.booleans())
def test_non_canonical_points_are_refused(y: int, sign: bool) -> None:
    assert not is_valid_point((y | sign << 255).to_bytes(32, "little"))


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=100), st.integers(0, 511))
def test_a_signature_holds_for_its_key_and_message_alone(secret: bytes, message: bytes, bit: int) -> None:
    identity = Identity.from_secret(secret)
    signature = identity.sign(message)
    flipped = (int.from_bytes(signature) ^ 1 << bit).to_bytes(64)
    assert verify(identity.public, message, signature)
    assert not verify(identity.public, message + b"!", signature)
    assert not verify(identity.public, message, flipped)
    assert not verify(Identity.generate().public, message, signature)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_and_signatures_of_other_lengths_are_refused(length: int) -> None:
    assert not is_valid_point(b"\x05" * length)
    assert not verify(b"\x05" * length, b"", bytes(64))
    assert not verify(Identity.generate().public, b"", bytes(length * 2))


def test_a_fingerprint_is_read_aloud_in_groups() -> None:
    digits = fingerprint(bytes(32))
    assert len(digits) == 32
    assert grouped(digits).replace("-", "") == digits
    assert grouped(digits).count("-") == 7
