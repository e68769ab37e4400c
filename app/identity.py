"""Who somebody is: an Ed25519 key, its fingerprint and words, and the checks on other people's signatures.

- The cryptography library is imported by the first that signs or verifies: start-up does not wait for it.
- RFC 8032 leaves open whether small-order and non-canonical points are accepted, and OpenSSL accepts both: with the
  key 01 00…00 one constant signature is valid for every message. They are refused here, before OpenSSL is asked.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from app.hashing import blake2b

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

SAFETY_WORDS = 8  # 64 bits: a key with given words takes thousands of years of a fast graphics card to find
_FIELD_PRIME = 2**255 - 19
_SMALL_ORDER_Y = frozenset(
    {
        0,
        1,
        _FIELD_PRIME - 1,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)


class Identity:
    """An author's own key. secret: 32 bytes, the seed of RFC 8032; public: 32 bytes."""

    def __init__(self, secret: bytes, public: bytes) -> None:
        self.secret = secret
        self.public = public
        self._key: Ed25519PrivateKey | None = None

    @classmethod
    def generate(cls) -> Identity:
        return cls.from_secret(os.urandom(32))

    @classmethod
    def from_secret(cls, secret: bytes) -> Identity:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(secret, Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw())

    @property
    def fingerprint(self) -> str:
        return fingerprint(self.public)

    @property
    def is_sound(self) -> bool:
        """Whether the public key is that of the secret one."""
        return Identity.from_secret(self.secret).public == self.public

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature of `message`, 64 bytes."""
        if self._key is None:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            self._key = Ed25519PrivateKey.from_private_bytes(self.secret)
        return self._key.sign(message)


def fingerprint(public: bytes) -> str:
    """32 hexadecimal digits (128 bits) that stand for a public key."""
    return blake2b(public, digest_size=16, person=b"chat-tui print 1").hexdigest()


def grouped(digits: str) -> str:
    """A fingerprint in groups of four, for reading aloud."""
    return "-".join(digits[i : i + 4] for i in range(0, len(digits), 4))


def safety_words(public: bytes) -> str:
    """Words that stand for a public key, for two people to compare by reading them to each other."""
    from app.words import words  # for who compares keys: they have no part in the start

    return words(b"chat-tui author" + public, SAFETY_WORDS)


def is_valid_point(encoded: bytes) -> bool:
    """Whether 32 bytes are a canonical encoding of a point that is not of small order."""
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    return len(encoded) == 32 and y < _FIELD_PRIME and y not in _SMALL_ORDER_Y


class PublicKey:
    """Somebody's public key (32 bytes), prepared to verify many signatures."""

    def __init__(self, public: bytes) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        self._key: Ed25519PublicKey | None = None
        if is_valid_point(public):
            with contextlib.suppress(ValueError):
                self._key = Ed25519PublicKey.from_public_bytes(public)

    def verify(self, message: bytes, signature: bytes) -> bool:
        """Whether `signature` (64 bytes) is this key's over `message`."""
        from cryptography.exceptions import InvalidSignature

        if self._key is None or len(signature) != 64 or not is_valid_point(signature[:32]):
            return False
        try:
            self._key.verify(signature, message)
        except InvalidSignature:
            return False
        return True


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether `signature` (64 bytes) is `public`'s (32 bytes) over `message`."""
    return PublicKey(public).verify(message, signature)
