"""Random numbers that hang on what is measured, never on when or with what it is measured."""

from __future__ import annotations

import hashlib
import json

import numpy as np


def generator(*key: str | int | tuple[str, ...]) -> np.random.Generator:
    """A generator seeded by the hash of a key: the same key gives the same numbers in every process."""
    # json keeps ("ab", "c") apart from ("a", "bc"); Python's own hash() differs from process to process.
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))
