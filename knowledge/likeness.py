"""How much two texts share, whatever they are called: for copies that carry no common identifier."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

READ = 20_000
"""Characters of a text that are compared; a paper's abstract stands at its beginning."""

FEWEST = 20
"""Word triples below which a text says too little to be recognised by."""

NEAR = 18
"""Bits of a fingerprint by which a near-copy may differ; of unrelated texts, 32 differ on average. It only
chooses what is compared word for word."""

BITS = 2**64 - 1

SAME_TEXT = 0.5
"""Containment from which two texts are one text, or one holds the other."""


def triples(text: str) -> frozenset[str]:
    """Every three words in a row (shingles: Broder 1997), in one case and without punctuation."""
    words = re.findall(r"\w+", text[:READ].casefold())
    return frozenset(" ".join(words[i : i + 3]) for i in range(len(words) - 2))


@lru_cache(maxsize=1)  # of a new paper, to look for copies and to keep it
def fingerprint(text: str) -> int | None:
    """A 64-bit simhash (Charikar 2002) of the text's triples, signed; None for a text of a line or two.

    Texts that share most of their triples have fingerprints that differ in few bits.
    """
    found = triples(text)
    if len(found) < FEWEST:
        return None
    digests = b"".join(hashlib.blake2b(one.encode(), digest_size=8).digest() for one in found)
    bits = np.unpackbits(np.frombuffer(digests, dtype=np.uint8).reshape(-1, 8), axis=1)
    majority = np.packbits(2 * bits.sum(axis=0, dtype=np.int64) > len(found))
    return int.from_bytes(majority.tobytes(), "big", signed=True)


def near(mark: int, marks: NDArray[np.int64]) -> NDArray[np.intp]:
    """The places in ``marks`` of fingerprints that differ from this one in few bits."""
    differing = np.bitwise_count((marks ^ np.int64(mark)).view(np.uint64))  # of signed ones, it takes |x|
    return np.flatnonzero(differing <= NEAR)


def resemblance(one: str, other: str) -> float:
    """Triples in both as a share of those in either, in [0, 1]; 0 where a text has too few to tell."""
    first, second = triples(one), triples(other)
    if min(len(first), len(second)) < FEWEST:
        return 0.0
    return len(first & second) / len(first | second)


def containment(one: str, other: str) -> float:
    """Triples in both as a share of the shorter text's, in [0, 1]: whether one holds the other.

    Texts with too few to tell are the same or have nothing in common.
    """
    first, second = triples(one), triples(other)
    shorter = min(len(first), len(second))
    if shorter < FEWEST:
        return float(one[:READ].strip() == other[:READ].strip())
    return len(first & second) / shorter
