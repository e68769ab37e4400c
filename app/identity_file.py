"""The file in which an author's key is kept: ASCII lines, the secret plain or sealed with a passphrase.

- The public key can be read without the passphrase: only signing needs it.
- The last line is a hash of the others, so that damage is told from a wrong passphrase. Files of the first version,
  which have no such line, stay readable.
- Reading one that is not sealed imports no cryptography: the first frame does not wait for it.
"""

from __future__ import annotations

import re
from pathlib import Path

from msgspec import Struct

from app.errors import IdentityError, WrongPassphraseError
from app.hashing import blake2b
from app.identity import Identity
from app.private_files import read_private, reason, write_instead, write_new
from app.sealing import COST, SALT_BYTES, TAG_BYTES, Cost, new_salt, seal, unseal

SECRET_BYTES = 32
MAX_BYTES = 1024  # of a whole file; the longest has some 400

_PLAIN = re.compile(
    r"chat-tui identity 1\npublic (?P<public>[0-9a-f]{64})\nsecret (?P<secret>[0-9a-f]{64})\n"
    r"(?:check (?P<check>[0-9a-f]{16})\n)?"
)
_SEALED = (
    r"(?P<header>chat-tui identity 2\npublic (?P<public>[0-9a-f]{64})\n"
    rf"argon2id (?P<passes>[0-9]{{1,8}}) (?P<lanes>[0-9]{{1,8}}) (?P<memory>[0-9]{{1,8}})"
    rf" (?P<salt>[0-9a-f]{{{SALT_BYTES * 2}}})\n)"
    rf"sealed (?P<sealed>[0-9a-f]{{{(SECRET_BYTES + TAG_BYTES) * 2}}})\ncheck (?P<check>[0-9a-f]{{16}})\n"
)


class Sealed(Struct, frozen=True):
    """A secret that was sealed, and what is needed beside the passphrase to open it."""

    cost: Cost
    salt: bytes
    sealed: bytes


class KeyFile(Struct, frozen=True):
    """What such a file says. public: 32 bytes; secret: 32 bytes, or what they were sealed to."""

    public: bytes
    secret: bytes | Sealed

    def __repr__(self) -> str:
        return f"KeyFile({self.public!r})"  # which may get into a log

    @classmethod
    def plain(cls, identity: Identity) -> KeyFile:
        return cls(identity.public, identity.secret)

    @classmethod
    def sealed(cls, identity: Identity, passphrase: str, cost: Cost = COST) -> KeyFile:
        """passphrase: not empty."""
        salt = new_salt()
        header = _header(identity.public, cost, salt)
        return cls(identity.public, Sealed(cost, salt, seal(identity.secret, passphrase, salt, cost, header)))

    @classmethod
    def decode(cls, content: bytes, where: str) -> KeyFile:
        """where: the file's name, for the error."""
        text = content.decode("ascii", "replace")
        if (match := _PLAIN.fullmatch(text)) and match["check"] in {None, _check(text)}:
            return cls(bytes.fromhex(match["public"]), bytes.fromhex(match["secret"]))
        if (match := re.fullmatch(_SEALED, text)) and match["check"] == _check(text):
            cost = Cost(int(match["passes"]), int(match["lanes"]), int(match["memory"]))
            public, salt = bytes.fromhex(match["public"]), bytes.fromhex(match["salt"])
            if cost.is_bearable and _header(public, cost, salt).decode() == match["header"]:
                return cls(public, Sealed(cost, salt, bytes.fromhex(match["sealed"])))
        if re.match(r"chat-tui identity ([3-9]|[1-9][0-9])", text):
            raise IdentityError(f"the key file {where} was written by a newer chat-tui: update this one")
        raise IdentityError(f"the key file {where} is damaged: put a copy of it back, or move it away to begin anew")

    def encode(self) -> bytes:
        if isinstance(self.secret, Sealed):
            header = _header(self.public, self.secret.cost, self.secret.salt)
            text = f"{header.decode()}sealed {self.secret.sealed.hex()}\n"
        else:
            text = f"chat-tui identity 1\npublic {self.public.hex()}\nsecret {self.secret.hex()}\n"
        return f"{text}check {_check(text)}\n".encode()

    @property
    def has_passphrase(self) -> bool:
        return isinstance(self.secret, Sealed)

    def unlock(self, passphrase: str = "") -> Identity:
        """The key itself; passphrase: of no account if there is none."""
        if not isinstance(self.secret, Sealed):
            return Identity(self.secret, self.public)
        cost, salt = self.secret.cost, self.secret.salt
        secret = unseal(self.secret.sealed, passphrase, salt, cost, _header(self.public, cost, salt))
        if secret is None:
            raise WrongPassphraseError("that is not the passphrase of this key")
        return Identity(secret, self.public)


def read(path: Path) -> KeyFile:
    return KeyFile.decode(read_private(path, MAX_BYTES), str(path))


def read_sound(path: Path) -> KeyFile:
    """As `read`, for who has the time to see whether the keys belong together."""
    key = read(path)
    refuse_unsound(key, str(path))
    return key


def refuse_unsound(key: KeyFile, where: str) -> None:
    """Of a key with a passphrase the sealing proves it when it is opened."""
    if not key.has_passphrase and not key.unlock().is_sound:
        raise IdentityError(f"the key file {where} is damaged: its two keys do not belong together")


def read_or_create(path: Path) -> KeyFile:
    """The key in `path`, made there on the first start. The folder must exist."""
    if not path.exists():
        try:
            write_new(path, KeyFile.plain(Identity.generate()).encode())
        except FileExistsError:
            pass  # another process of the same user was quicker: take its key
        except OSError as error:
            raise IdentityError(f"the key file {path} cannot be written: {reason(error)}") from error
    return read(path)


def replace(path: Path, key: KeyFile) -> None:
    """Put `key` in the place of the file that is there. At every moment one of the two is there, and whole."""
    try:
        write_instead(path, key.encode())
    except OSError as error:
        raise IdentityError(f"the key file {path} cannot be written, and stays as it was: {reason(error)}") from error


def _header(public: bytes, cost: Cost, salt: bytes) -> bytes:
    numbers = f"{cost.passes} {cost.lanes} {cost.memory}"
    return f"chat-tui identity 2\npublic {public.hex()}\nargon2id {numbers} {salt.hex()}\n".encode()


def _check(text: str) -> str:
    """Of the lines before the line `check`."""
    lines = text.partition("check ")[0]
    return blake2b(lines.encode(), digest_size=8, person=b"chat-tui keyfile").hexdigest()
