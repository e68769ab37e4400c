"""Who the two ends of a connection are, and the proof (docs/protocol.md, section 4.3).

Each side signs both hellos and the binding of the channel below. Somebody in the middle has another channel on each
side, so a signature that they pass on does not fit.
"""

from __future__ import annotations

from enum import Enum
from hashlib import blake2b

from msgspec import Struct

from app.errors import ChatError
from app.identity import Identity, is_valid_point, verify
from app.names import name_key
from app.replication.frames import ByeReason, Hello

VERSIONS = (1,)
TRANSPORT = "tls"

_AUTH_DOMAIN = b"chat-tui auth 1"
_HELLO_DOMAIN = b"chat-tui hello 1"


class Role(Enum):
    CLIENT = b"C"  # the side that dialled
    SERVER = b"S"

    @property
    def other(self) -> Role:
        return Role.SERVER if self is Role.CLIENT else Role.CLIENT


class LocalHello(Struct, frozen=True):
    """This side. node: 16 random bytes made with the database; run: 8 random bytes made at each start."""

    identity: Identity
    node: bytes
    run: bytes
    name: str
    room: str


class RemotePeer(Struct, frozen=True):
    """The other side, as it says itself; once authenticated, `key` is proved and the rest is signed by it."""

    key: bytes
    node: bytes
    run: bytes
    name: str
    room: str
    version: int


class RefusedHelloError(ChatError):
    """Both sides may be in the right and still not belong together. `reason`: what the other is told."""

    def __init__(self, reason: ByeReason, text: str = "") -> None:
        super().__init__(text or reason.sentence)
        self.reason = reason


def local_hello(local: LocalHello, nonce: bytes) -> Hello:
    return Hello(VERSIONS, TRANSPORT, local.identity.public, local.node, local.run, local.name, local.room, nonce)


def meet(local: LocalHello, hello: Hello) -> RemotePeer:
    """The peer that sent `hello`, if it can be talked to."""
    if hello.node == local.node:
        raise RefusedHelloError(ByeReason.SELF)
    common = set(VERSIONS).intersection(hello.versions)
    if not common:
        raise RefusedHelloError(ByeReason.NO_COMMON_VERSION)
    if hello.transport != TRANSPORT:
        raise RefusedHelloError(ByeReason.RULE_BROKEN, f"a hello for another transport: {hello.transport}")
    if name_key(hello.room) != name_key(local.room):
        raise RefusedHelloError(ByeReason.ANOTHER_ROOM)
    if not is_valid_point(hello.key):
        raise RefusedHelloError(ByeReason.RULE_BROKEN, "a key that anybody could sign for")
    return RemotePeer(hello.key, hello.node, hello.run, hello.name, hello.room, max(common))


class Transcript(Struct, frozen=True):
    """What both sides sign. client, server: the bytes of their hello frames without the length."""

    client: bytes
    server: bytes
    binding: bytes

    def sign(self, identity: Identity, role: Role) -> bytes:
        return identity.sign(self._message(role))

    def is_signed_by(self, key: bytes, role: Role, signature: bytes) -> bool:
        return verify(key, self._message(role), signature)

    def _message(self, role: Role) -> bytes:
        hellos = b"".join(blake2b(h, digest_size=32, person=_HELLO_DOMAIN).digest() for h in (self.client, self.server))
        return _AUTH_DOMAIN + role.value + hellos + self.binding
