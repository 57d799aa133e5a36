"""Chance that falls the same way every time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping


def lot(seed: int, *words: object) -> float:
    """A number from 0 up to 1, settled by the seed and the words."""
    digest = hashlib.sha256(repr((seed, *words)).encode("utf-8", "backslashreplace")).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def drawn(shares: Mapping[str, float], number: float) -> str:
    """The name that a number falls on when each has its share of 1; empty in what is left over."""
    for name, share in shares.items():
        if number < share:
            return name
        number -= share
    return ""
