"""Who somebody is: an Ed25519 key, its file, its fingerprint, and the checks on other people's signatures.

- The public key stands in the file beside the secret, so that start-up need not import the cryptography library.
- RFC 8032 leaves open whether small-order and non-canonical points are accepted, and OpenSSL accepts both: with the
  key 01 00…00 one constant signature is valid for every message. They are refused here, before OpenSSL is asked.
"""

from __future__ import annotations

import contextlib
import os
import re
import stat
import tempfile
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from app.errors import IdentityError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_FILE_HEADER = "chat-tui identity 1"
_FILE = re.compile(rf"{_FILE_HEADER}\npublic (?P<public>[0-9a-f]{{64}})\nsecret (?P<secret>[0-9a-f]{{64}})\n", re.ASCII)
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
    """An author's own key. `public`: 32 bytes."""

    def __init__(self, secret: bytes, public: bytes) -> None:
        self._secret = secret
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

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature of `message`, 64 bytes."""
        if self._key is None:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

            self._key = Ed25519PrivateKey.from_private_bytes(self._secret)
        return self._key.sign(message)

    def save(self, path: Path) -> None:
        """Write the key file, whole or not at all, readable by its owner alone. An existing one is left alone."""
        content = f"{_FILE_HEADER}\npublic {self.public.hex()}\nsecret {self._secret.hex()}\n"
        descriptor, temporary = tempfile.mkstemp(prefix=".identity-", dir=path.parent)
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)  # unlike a rename, never replaces a key
        finally:
            with contextlib.suppress(FileNotFoundError):
                Path(temporary).unlink()
        _sync_folder(path.parent)

    @classmethod
    def load(cls, path: Path) -> Identity:
        try:
            mode = path.stat().st_mode
            content = path.read_text("ascii")
        except (OSError, UnicodeDecodeError) as error:
            raise IdentityError(f"the key file {path} cannot be read: {_reason(error)}") from error
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise IdentityError(f"the key file {path} can be read by others; close it with: chmod 600 {path}")
        match = _FILE.fullmatch(content)
        if match is None:
            raise IdentityError(f"the key file {path} is damaged: put a copy of it back, or move it away to begin anew")
        return cls(bytes.fromhex(match["secret"]), bytes.fromhex(match["public"]))


def load_or_create(path: Path) -> Identity:
    """The key in `path`, made there on the first start. The folder must exist."""
    if not path.exists():
        try:
            Identity.generate().save(path)
        except FileExistsError:
            pass  # another process of the same user was quicker: take its key
        except OSError as error:
            raise IdentityError(f"the key file {path} cannot be written: {_reason(error)}") from error
    return Identity.load(path)


def fingerprint(public: bytes) -> str:
    """32 hexadecimal digits (128 bits) that stand for a public key."""
    return blake2b(public, digest_size=16, person=b"chat-tui print 1").hexdigest()


def grouped(digits: str) -> str:
    """A fingerprint in groups of four, for reading aloud."""
    return "-".join(digits[i : i + 4] for i in range(0, len(digits), 4))


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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
