from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from app.identity import Identity, fingerprint, grouped, is_valid_point, safety_words, verify

# Encodings of the eight points of small order, the non-canonical ones too, with and without the sign bit.
P = 2**255 - 19
ORDER_8 = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826  # a y of order 8; the other is -y
SMALL_ORDER = [
    (y | sign << 255).to_bytes(32, "little") for y in (0, 1, P - 1, P, P + 1, ORDER_8, P - ORDER_8) for sign in (0, 1)
]


def test_the_secret_is_told_from_one_that_belongs_to_another_key() -> None:
    identity = Identity.generate()
    assert identity.is_sound
    assert not Identity(bytes(32), identity.public).is_sound


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


def test_a_key_has_eight_words_of_its_own() -> None:
    assert safety_words(bytes(32)) == "yogurt snow voyage doctor basket ocean raccoon stadium"
    assert safety_words(bytes(31) + b"\x01") != safety_words(bytes(32))
