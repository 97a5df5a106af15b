"""How much of a claim a paper states already: key point by key point, by meaning and words, and as a whole.

Each key point counts as far as the paper has it: half by the rarity-weighted share of its words that one
passage has, half by the likeness of meaning. What a paper covers is half the mean over the key points, half
the least of them: a claim is not known while an essential part is missing. That makes seven tenths of the
overlap, the likeness of the whole claim the rest: its parts may all be known and their combination new.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from knowledge.chunking import sentences
from knowledge.lexical import tokens

Floats = NDArray[np.float32]

UNLIKE, ALIKE = 0.3, 0.8
"""Cosines that count as 0 and as 1: two passages of one field, and two wordings of one thing."""
WORDS = 0.5
LEAST = 0.5
WHOLE = 0.3
STATED = 0.5
"""From so much on a paper is said to state a key point."""

DISTANT, SAME = 0.2, 0.63
"""Overlaps at which novelty is 1 and 0: the medians of a paper's claim with the nearest other paper, and with
its own abstract (docs/literature.md)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What a hypothesis puts forward, read for comparing."""

    parts: tuple[str, ...]
    """The key points' names."""
    words: tuple[frozenset[str], ...]
    """Of each key point."""
    vectors: Floats
    """[1 + parts, dimension]: the whole, then each key point."""


@dataclass(frozen=True, slots=True)
class Published:
    """A passage of a paper; without vector where the model has not seen it."""

    id: str
    paper_id: str
    text: str
    vector: Floats | None


@dataclass(frozen=True, slots=True)
class Stated:
    """A key point in a paper: how far it is there, and the sentence that says it."""

    part: int
    strength: float
    passage_id: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Overlap:
    paper_id: str
    overlap: float
    stated: tuple[Stated, ...]
    """Key points that the paper states, in the claim's order."""

    @property
    def novelty(self) -> float:
        return novelty(self.overlap)


@dataclass(frozen=True, slots=True)
class Rarity:
    """How much a word tells: the fewer of the passages that were looked at have it, the more."""

    passages: int
    counts: Mapping[str, int]

    def of(self, word: str) -> float:
        return math.log(1.0 + self.passages / (1.0 + self.counts.get(word, 0)))


def novelty(overlap: float) -> float:
    """In [0, 1]: 0 where one paper says as much of it as an abstract says of its own claim."""
    return round(min(1.0, max(0.0, (SAME - overlap) / (SAME - DISTANT))), 4)


def rarity(texts: Sequence[str]) -> Rarity:
    counts: dict[str, int] = {}
    for text in texts:
        for word in words_of(text):
            counts[word] = counts.get(word, 0) + 1
    return Rarity(len(texts), counts)


@lru_cache(maxsize=8_192)
def words_of(text: str) -> frozenset[str]:
    """The words of a text; kept, for one passage is held against many claims."""
    return frozenset(tokens(text))


def compare(claim: Claim, published: Sequence[Published], rare: Rarity) -> list[Overlap]:
    """The claim against papers of which these are passages, the largest overlap first."""
    if not published:
        return []
    words = _by_words(claim, published, rare)
    meaning = _by_meaning(claim, published)
    parts = WORDS * words + (1.0 - WORDS) * meaning[1:]
    by_paper: dict[str, list[int]] = {}
    for row, passage in enumerate(published):
        by_paper.setdefault(passage.paper_id, []).append(row)
    found = []
    for paper_id, rows in by_paper.items():
        whole = float(meaning[0, rows].max())
        covered = _covered(parts[:, rows].max(axis=1)) if len(parts) else whole
        overlap = round((1.0 - WHOLE) * covered + WHOLE * whole, 4)
        found.append(Overlap(paper_id, overlap, _stated(claim, published, rows, parts)))
    return sorted(found, key=lambda one: (-one.overlap, one.paper_id))


def _covered(parts: NDArray[np.float64]) -> float:
    return float((1.0 - LEAST) * parts.mean() + LEAST * parts.min())


def words_shared(claim: Claim, texts: Sequence[str], rare: Rarity) -> float:
    """The mean over the key points of the share of its words that one of the texts has, in [0, 1]."""
    shares = _shares(claim, [words_of(text) for text in texts], rare)
    return float(shares.max(axis=1).mean()) if shares.size else 1.0


def _by_words(claim: Claim, published: Sequence[Published], rare: Rarity) -> NDArray[np.float64]:
    return _shares(claim, [words_of(passage.text) for passage in published], rare)


def _shares(claim: Claim, texts: Sequence[frozenset[str]], rare: Rarity) -> NDArray[np.float64]:
    """[parts, texts]"""
    shares = np.zeros((len(claim.words), len(texts)))
    for row, wanted in enumerate(claim.words):
        total = sum(rare.of(word) for word in wanted)
        for column, has in enumerate(texts):
            shares[row, column] = sum(rare.of(word) for word in wanted & has) / total if total else 0.0
    return shares


def _by_meaning(claim: Claim, published: Sequence[Published]) -> NDArray[np.float64]:
    """[1 + parts, passages], each in [0, 1]."""
    nothing = np.zeros(claim.vectors.shape[1], dtype=np.float32)
    passages = np.stack([nothing if one.vector is None else one.vector for one in published])
    cosines = np.asarray(claim.vectors @ passages.T, dtype=np.float64)
    return np.clip((cosines - UNLIKE) / (ALIKE - UNLIKE), 0.0, 1.0)


def _stated(
    claim: Claim, published: Sequence[Published], rows: Sequence[int], parts: NDArray[np.float64]
) -> tuple[Stated, ...]:
    found = []
    for part, wanted in enumerate(claim.words):
        best = max(rows, key=lambda row: (float(parts[part, row]), -row))
        strength = float(parts[part, best])
        if strength >= STATED:
            start, end = _sentence(published[best].text, wanted)
            found.append(Stated(part, round(strength, 3), published[best].id, start, end))
    return tuple(found)


def _sentence(text: str, wanted: frozenset[str]) -> tuple[int, int]:
    """The span of the sentence with the most of these words, the first of several; without any, the text."""
    spans = sentences(text)
    counts = [len(wanted & words_of(text[start:end])) for start, end in spans]
    if not counts or max(counts) == 0:
        return 0, len(text)
    return spans[counts.index(max(counts))]
