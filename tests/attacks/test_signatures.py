"""Keys and signatures made so that somebody takes them who should not: all of small order, mixed, or not canonical.

The points are computed here, by the curve's own arithmetic, after the cases of "Taming the many EdDSAs" (Chalkias,
Garillot, Nikolaenko 2020); OpenSSL takes several of them, and each verifier another selection.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from app.identity import is_valid_point, verify
from tests.replication.pairs import identity_of

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
MESSAGE = b"chat-tui"
VECTORS = json.loads((Path(__file__).parents[2] / "docs" / "vectors.json").read_text())


@dataclass(frozen=True, slots=True)
class Point:
    x: int
    y: int

    def __add__(self, other: Point) -> Point:
        product = D * self.x * other.x * self.y * other.y % P
        x = (self.x * other.y + self.y * other.x) * pow(1 + product, -1, P) % P
        y = (self.y * other.y + self.x * other.x) * pow(1 - product, -1, P) % P
        return Point(x, y)

    def __rmul__(self, times: int) -> Point:
        found, power = Point(0, 1), self
        while times:
            if times & 1:
                found += power
            power += power
            times >>= 1
        return found

    def encode(self) -> bytes:
        return (self.y | (self.x & 1) << 255).to_bytes(32, "little")


def point_at(y: int, sign: int) -> Point | None:
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if x * x % P != square:
        x = x * pow(2, (P - 1) // 4, P) % P
    if x * x % P != square:
        return None
    return Point(P - x if x & 1 != sign else x, y)


def base() -> Point:
    found = point_at(4 * pow(5, -1, P) % P, 0)
    assert found is not None
    return found


def torsion() -> list[Point]:
    """The eight points of small order: what is left of any point when its large part is taken away."""
    for y in range(2, 100):
        found = point_at(y, 0)
        if found is not None and 4 * (ORDER * found) != Point(0, 1):
            return [times * (ORDER * found) for times in range(8)]
    raise AssertionError("no point of order 8 was found")


BASE, SMALL = base(), torsion()
SECRET = int.from_bytes(hashlib.sha512(b"mallory").digest(), "little") % ORDER


def challenge(r: bytes, key: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + MESSAGE).digest(), "little") % ORDER


def signature(r: bytes, s: int) -> bytes:
    return r + s.to_bytes(32, "little")


def openssl_takes(key: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, MESSAGE)
    except (InvalidSignature, ValueError):
        return False
    return True


def spellings(point: Point) -> list[bytes]:
    """All 32 bytes that some decoder reads as the point."""
    found = [point.encode()]
    for y in {point.y, point.y + P}:
        if y < 2**255:
            found += [(y | sign << 255).to_bytes(32, "little") for sign in ((0, 1) if point.x == 0 else (point.x & 1,))]
    return sorted(set(found))


def test_the_arithmetic_is_that_of_the_curve() -> None:
    assert BASE.encode().hex() == "58" + "66" * 31
    assert Point(0, 1) == ORDER * BASE
    assert len({*SMALL}) == 8
    assert all(8 * point == Point(0, 1) for point in SMALL)
    seed = hashlib.sha512(hashlib.sha256(b"alice").digest()).digest()
    secret = int.from_bytes(seed[:32], "little") & (2**254 - 8) | 2**254
    assert (secret * BASE).encode() == identity_of("alice").public


@pytest.mark.parametrize("point", [one for small in SMALL for one in spellings(small)], ids=bytes.hex)
def test_every_spelling_of_a_point_of_small_order_is_refused_as_key_and_as_r(point: bytes) -> None:
    assert not is_valid_point(point)
    assert point.hex() in VECTORS["refused_points"]
    for s in (0, 1, SECRET):
        assert not verify(point, MESSAGE, signature(point, s))
        assert not verify(identity_of("alice").public, MESSAGE, signature(point, s))


def test_the_published_points_are_exactly_those_refused_for_small_order_or_spelling() -> None:
    small = {one.hex() for point in SMALL for one in spellings(point)}
    assert small <= set(VECTORS["refused_points"])
    for text in VECTORS["refused_points"]:
        assert not is_valid_point(bytes.fromhex(text))


def test_case_0_1_small_key_and_small_r_sign_everything_for_openssl_and_nothing_here() -> None:
    key, r = SMALL[0].encode(), SMALL[0].encode()
    assert openssl_takes(key, signature(r, 0))
    assert not verify(key, MESSAGE, signature(r, 0))


def test_case_2_a_small_key_with_an_honest_r() -> None:
    key, r = SMALL[0].encode(), (SECRET * BASE).encode()
    assert openssl_takes(key, signature(r, SECRET))
    assert not verify(key, MESSAGE, signature(r, SECRET))


def test_case_3_a_small_r_with_an_honest_key_lets_its_owner_sign_two_things_at_once() -> None:
    key = (SECRET * BASE).encode()
    r = SMALL[0].encode()
    made = signature(r, challenge(r, key) * SECRET % ORDER)
    assert openssl_takes(key, made)
    assert not verify(key, MESSAGE, made)


@pytest.mark.parametrize("times", range(1, 8))
def test_cases_4_5_mixed_orders_are_judged_without_the_cofactor(times: int) -> None:
    """A batch verifier may take what a single one refuses: here only [S]B = R + [k]A counts, for everybody the same."""
    mixed = (SECRET * BASE) + SMALL[times]
    r = (7 * BASE).encode()
    made = signature(r, (7 + challenge(r, mixed.encode()) * SECRET) % ORDER)
    exact = challenge(r, mixed.encode()) * times % 8 == 0
    assert verify(mixed.encode(), MESSAGE, made) == exact == openssl_takes(mixed.encode(), made)


def test_cases_6_7_a_signature_has_one_s() -> None:
    alice = identity_of("alice")
    made = alice.sign(MESSAGE)
    s = int.from_bytes(made[32:], "little")
    assert verify(alice.public, MESSAGE, made)
    for other in range(1, 15):
        if s + other * ORDER < 2**256:
            assert not verify(alice.public, MESSAGE, signature(made[:32], s + other * ORDER))


@pytest.mark.parametrize("y", [*range(P, 2**255)], ids=str)
def test_cases_8_to_11_no_point_is_taken_in_a_spelling_that_is_not_canonical(y: int) -> None:
    for sign in (0, 1):
        point = (y | sign << 255).to_bytes(32, "little")
        assert not is_valid_point(point)
        assert not verify(point, MESSAGE, signature((SECRET * BASE).encode(), SECRET))


def test_what_is_on_no_curve_is_no_key() -> None:
    off = next(y for y in range(2, 100) if point_at(y, 0) is None)
    assert not verify(off.to_bytes(32, "little"), MESSAGE, bytes(64))
