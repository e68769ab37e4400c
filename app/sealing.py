"""A short secret under a passphrase: Argon2id makes the key, ChaCha20-Poly1305 seals.

- What guessing costs is written beside each secret, so that it can grow without making older ones unreadable. It is
  bounded when read: a file from elsewhere cannot make this computer work for hours.
- Each sealing has a salt of its own, and so a key that is used once: its nonce may be constant.
"""

from __future__ import annotations

import os
import unicodedata

from msgspec import Struct

from app.errors import IdentityError

SALT_BYTES = 16
TAG_BYTES = 16
_NONCE = bytes(12)
_MAX_PASSES = 100
_MAX_LANES = 64
_MAX_MEMORY = 2 * 1024 * 1024  # KiB; the most that RFC 9106 recommends
_MAX_WORK = 8 * 1024 * 1024  # KiB times passes: some ten seconds of a small computer


class Cost(Struct, frozen=True):
    """Argon2id's parameters: passes over `memory` (KiB), in `lanes`."""

    passes: int
    lanes: int
    memory: int

    @property
    def is_bearable(self) -> bool:
        return (
            1 <= self.passes <= _MAX_PASSES
            and 1 <= self.lanes <= _MAX_LANES
            and 8 * self.lanes <= self.memory <= _MAX_MEMORY
            and self.passes * self.memory <= _MAX_WORK
        )


COST = Cost(
    passes=3, lanes=4, memory=64 * 1024
)  # RFC 9106, section 4, where memory is scarce: a headless board has 1 GiB


def new_salt() -> bytes:
    return os.urandom(SALT_BYTES)


def seal(secret: bytes, passphrase: str, salt: bytes, cost: Cost, header: bytes) -> bytes:
    """salt: a new one; header: public bytes that are sealed too, and are to be the same for `unseal`."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    return ChaCha20Poly1305(_key(passphrase, salt, cost)).encrypt(_NONCE, secret, header)


def unseal(sealed: bytes, passphrase: str, salt: bytes, cost: Cost, header: bytes) -> bytes | None:
    """The secret; None if the passphrase is another one, or anything else was changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    try:
        return ChaCha20Poly1305(_key(passphrase, salt, cost)).decrypt(_NONCE, sealed, header)
    except InvalidTag:
        return None


def _key(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

    # Keyboards and systems differ in how they compose letters with accents.
    text = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    try:
        kdf = Argon2id(salt=salt, length=32, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory)
        return kdf.derive(text)
    except UnsupportedAlgorithm as error:
        raise IdentityError(
            "passphrases need OpenSSL 3.2 or later, and this computer's `cryptography` was built with an older one: "
            "install it from PyPI"
        ) from error
    except MemoryError as error:
        raise IdentityError(
            f"opening the key takes {cost.memory // 1024} MiB of memory, which this computer does not have free"
        ) from error
