"""BLAKE2b as `hashlib` has it, without what that does first: it asks OpenSSL for each of its hashes.

That takes a hundredth of the time until the first frame.
"""

from __future__ import annotations

try:
    from _blake2 import blake2b
except ImportError:  # an interpreter that keeps it elsewhere
    from hashlib import blake2b

__all__ = ["blake2b"]
