"""Names of people and rooms, and what is derived from them: their comparison, their port, a peer on the command line.

A name is 1-63 UTF-8 bytes of letters, digits, `-` and `_` in any script, all visible, in NFC, not starting with `-`.
Two names are the same when their NFKC case-folded forms are: `Alice`, `alice` and `ａｌｉｃｅ` are one.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from msgspec import Struct

from app.errors import UsageError
from app.text import one_line

MAX_NAME_BYTES = 63  # a DNS-SD instance label holds no more (RFC 6763, section 4.1.1)
DEFAULT_ROOM = "main"
FINGERPRINT_DIGITS = 32

_PORT_FIRST, _PORT_SPAN = 1024, 65535 - 1024
# Variation selectors, which `one_line` leaves in messages (emoji have them): alone they show nothing.
_UNSEEN_MARKS = "[\u180b-\u180d\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]"


def is_name(text: str) -> bool:
    """Whether `text` is a name, in the exact form in which it is stored and sent."""
    if not text or text.startswith("-") or len(text.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        return False
    if unicodedata.normalize("NFC", text) != text:
        return False
    # Some letters are invisible (Hangul fillers): with one of them at the end, another `bob` would look just like bob.
    if one_line(text) != text or (not text.isascii() and re.search(_UNSEEN_MARKS, text)):
        return False
    # Marks belong to letters in many scripts (Devanagari, Thai, Arabic vowels), but cannot begin a name.
    categories = [unicodedata.category(character) for character in text]
    if categories[0].startswith("M"):
        return False
    return all(
        character in "-_" or category[0] in "LM" or category == "Nd"
        for character, category in zip(text, categories, strict=True)
    )


def parse_name(text: str, what: str = "name") -> str:
    """The name in `text`, normalised to NFC. `what` says in the error whose name it is."""
    name = unicodedata.normalize("NFC", text)
    if not is_name(name):
        raise UsageError(
            f"{what} {text!r} cannot be used: take 1 to {MAX_NAME_BYTES} bytes of letters, digits, '-' and '_', "
            "not starting with '-'"
        )
    return name


def name_key(name: str) -> str:
    """The form in which names are compared."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())


def preferred_port(name: str, room: str = DEFAULT_ROOM) -> int:
    """The TCP port at which `name` listens if it is free, 1024-65534, as the npm package hash-to-port gives it.

    Computed over the comparison form, so that everybody who means the same person tries the same port.
    """
    text = name_key(name) if room == DEFAULT_ROOM else f"{name_key(name)}@{name_key(room)}"
    from hashlib import sha1

    digest = sha1(text.encode(), usedforsecurity=False).digest()
    number = int.from_bytes(digest[:2]) * 0xFFFFFFFF + int.from_bytes(digest[2:6])
    return number % _PORT_SPAN + _PORT_FIRST


class PeerSpec(Struct, frozen=True):
    """One PEER of the command line: `NAME[#FINGERPRINT][@HOST[:PORT]]`.

    fingerprint: 32 lower-case hexadecimal digits, or None for "whoever is pinned, else whoever comes first".
    host: a host name or IP address without brackets, or None; port: 1-65535, or None for the preferred one.
    """

    name: str
    fingerprint: str | None = None
    host: str | None = None
    port: int | None = None


_PEER = re.compile(r"(?P<name>[^#@]*)(?:#(?P<fingerprint>[^@]*))?(?:@(?P<address>.*))?", re.DOTALL)
_HOST_NAME = r"[A-Za-z0-9_]([A-Za-z0-9_.-]{0,252})"


def parse_peer(text: str) -> PeerSpec:
    match = _PEER.fullmatch(text)
    if match is None:
        raise UsageError(f"peer {text!r} cannot be read: write NAME, NAME@HOST or NAME@HOST:PORT")
    name = parse_name(match["name"], "peer")
    fingerprint = None if match["fingerprint"] is None else parse_fingerprint(match["fingerprint"])
    if match["address"] is None:
        return PeerSpec(name, fingerprint)
    host, port = _parse_address(match["address"], text)
    return PeerSpec(name, fingerprint, host, port)


def parse_fingerprint(text: str) -> str:
    """32 hexadecimal digits, with or without `-`, `:` or spaces between them, in lower case."""
    digits = re.sub(r"[-: ]", "", text).lower()
    if not re.fullmatch(rf"[0-9a-f]{{{FINGERPRINT_DIGITS}}}", digits):
        raise UsageError(
            f"fingerprint {text!r} cannot be read: it has {FINGERPRINT_DIGITS} hexadecimal digits; "
            "its owner sees it with: chat-tui identity show NAME"
        )
    return digits


def _parse_address(address: str, whole: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::(.*))?", address)
    if bracketed:
        host, port_text = bracketed[1], bracketed[2]
        if not _is_ipv6(host):
            raise UsageError(f"in {whole!r}, [{host}] is no IPv6 address")
    elif address.count(":") > 1:
        raise UsageError(f"in {whole!r}, write an IPv6 address in brackets: NAME@[{address}]")
    else:
        host, _, port_text = address.partition(":")
        if ":" not in address:
            port_text = None
        if not re.fullmatch(_HOST_NAME, host):
            raise UsageError(f"in {whole!r}, {host!r} is no host name or IP address")
    return host, None if port_text is None else parse_port(port_text, whole)


def parse_port(text: str, whole: str, *, lowest: int = 1) -> int:
    if not re.fullmatch(r"[0-9]{1,5}", text) or not lowest <= int(text) <= 65535:
        raise UsageError(f"in {whole!r}, the port must be a number from {lowest} to 65535")
    return int(text)


def _is_ipv6(text: str) -> bool:
    try:
        ipaddress.IPv6Address(text)  # accepts a zone (fe80::1%eth0)
    except ValueError:
        return False
    return True
