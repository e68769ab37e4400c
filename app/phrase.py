"""Words that two people compare to be sure that nobody is between them.

- Both sides see the same words, because they stand for both keys in a fixed order.
- Somebody in the middle would need two keys whose words with each side agree: such pairs are found by trying 2^32 keys
  for each side, not 2^64. So each try is made to cost a hundredth of a second and 4 MiB: years of a processor's time.
"""

from __future__ import annotations

from hashlib import scrypt

from app.words import words

COUNT = 8
_DOMAIN = b"chat-tui phrase 1"
_ROUNDS = 4096  # 12 ms: less than a frame


def phrase(one: bytes, other: bytes) -> str:
    """The words of two public keys, whichever comes first."""
    return words(_DOMAIN + scrypt(b"".join(sorted((one, other))), salt=_DOMAIN, n=_ROUNDS, r=8, p=1, dklen=32), COUNT)
