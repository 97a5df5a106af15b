"""Random numbers that hang on what is measured, never on when or with what it is measured."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

Keys = NDArray[np.uint64]
Array = NDArray[np.float64]

_STEP = np.uint64(0x9E3779B97F4A7C15)


def generator(*key: str | int | tuple[str, ...]) -> np.random.Generator:
    """A generator seeded by the hash of a key: the same key gives the same numbers in every process."""
    # json keeps ("ab", "c") apart from ("a", "bc"); Python's own hash() differs from process to process.
    digest = hashlib.sha256(json.dumps(key).encode()).digest()
    return np.random.default_rng(int.from_bytes(digest, "big"))


def keys(names: Sequence[str | tuple[str, ...]]) -> Keys:
    """A number for each name, the same in every process; [n]."""
    digests = [hashlib.sha256(json.dumps(name).encode()).digest() for name in names]
    return np.array([int.from_bytes(digest[:8], "big") for digest in digests], dtype=np.uint64)


def uniform(keys: Keys, *stream: int) -> Array:
    """A number in (0, 1) for each key in this stream: splitmix64 (Steele, Lea and Flood 2014), vectorised."""
    mixed = np.asarray(keys, dtype=np.uint64).copy()
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is the point
        for part in stream:
            mixed = _mixed(mixed + np.uint64(part & 0xFFFFFFFFFFFFFFFF) * _STEP + _STEP)
    return ((mixed >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(keys: Keys, *stream: int) -> Array:
    """A standard normal number for each key in this stream."""
    return np.asarray(ndtri(uniform(keys, *stream)))


def _mixed(state: Keys) -> Keys:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(state ^ (state >> np.uint64(31)), dtype=np.uint64)
