"""Inputs made from a corpus by small changes, the same for the same seed: all there is without atheris."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random

CORPUS = Path(__file__).parent / "corpus"
MAX_INPUT = 4_096

_TELLING = [
    bytes([n]) for n in (0x00, 0x1B, 0x5F, 0x7F, 0x80, 0x81, 0x9F, 0xA0, 0xA1, 0xC0, 0xC1, 0xF5, 0xF6, 0xF9, 0xFB)
]
_TELLING += [b"\x1b" + b"\xff" * 8, b"\x9b" + b"\xff" * 8, b"\xfb" + bytes(8), b"\x1a\xff\xff\xff\xff", b"\xc2\x9b"]


def corpus(target: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted((CORPUS / target).iterdir())]


def mutated(seeds: list[bytes], random: Random) -> Iterator[bytes]:
    while True:
        data = bytearray(random.choice(seeds))
        for _ in range(random.choice((1, 1, 2, 4, 16))):
            _change(data, seeds, random)
        yield bytes(data[:MAX_INPUT])


def _change(data: bytearray, seeds: list[bytes], random: Random) -> None:
    at = random.randrange(len(data) + 1)
    match random.randrange(6):
        case 0 if at < len(data):
            data[at] ^= 1 << random.randrange(8)
        case 1 if at < len(data):
            data[at] = random.randrange(256)
        case 2:
            data[at:at] = random.choice(_TELLING)
        case 3:
            data[at : at + 1] = random.choice(_TELLING)
        case 4:
            del data[at : at + random.choice((1, 2, 8, 64))]
        case 5:
            other = random.choice(seeds)
            start = random.randrange(len(other) + 1)
            data[at:at] = other[start : start + random.choice((4, 32, 256))]
