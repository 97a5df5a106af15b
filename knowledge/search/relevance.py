"""Passages that are near to a text, by meaning and by words, of all tiers together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.lexical import Weighed, best, bm25, shared, weigh
from knowledge.search.fusion import fuse
from knowledge.search.tier import Tier

DEPTH = 200
"""Passages that each way of searching brings to the fusion, at least."""

MOST_TERMS = 8


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage's place, and by what it came to it."""

    passage_id: str
    tier: int
    score: float
    dense_rank: int | None
    lexical_rank: int | None
    likeness: float | None
    bm25: float | None


def rank(
    tiers: Sequence[Tier],
    wanted: Sequence[Collection[str] | None],
    text: str,
    vector: NDArray[np.float32],
    limit: int,
) -> tuple[list[Ranked], Weighed]:
    """All that either way of searching finds, best first, at least ``limit`` where there is so much.

    ``wanted``: for each tier the papers that are searched, or None for all.
    """
    depth = max(DEPTH, limit)
    own = {}
    likeness: dict[str, float] = {}
    words: dict[str, float] = {}
    weighed = weigh(text, [tier.catalogue.words for tier in tiers])
    for place, (tier, papers) in enumerate(zip(tiers, wanted, strict=True)):
        near = tier.nearest(vector[np.newaxis], depth, papers)[0]
        likeness.update(near)
        held = tier.catalogue
        scores = bm25(weighed, held.words)
        allowed = None if papers is None else held.allowed(papers)
        worded = {held.passages[row]: float(scores[row]) for row in best(scores, depth, allowed)}
        words.update(worded)
        own.update(dict.fromkeys((*dict(near), *worded), place))
    by_meaning, by_words = _order(likeness, depth), _order(words, depth)
    dense_rank = {one: rank for rank, one in enumerate(by_meaning, 1)}
    word_rank = {one: rank for rank, one in enumerate(by_words, 1)}
    found = [
        Ranked(
            one, own[one], score, dense_rank.get(one), word_rank.get(one), likeness.get(one), words.get(one)
        )
        for one, score in fuse([by_meaning, by_words], sorted(own))
    ]
    return found, weighed


def terms(weighed: Weighed, tier: Tier, passage_id: str) -> tuple[str, ...]:
    """The words that a passage shares with the text, the rarest first."""
    row = tier.catalogue.row(passage_id)
    return () if row is None else shared(weighed, tier.catalogue.words, row, MOST_TERMS)


def _order(scores: Mapping[str, float], depth: int) -> list[str]:
    return sorted(scores, key=lambda one: (-scores[one], one))[:depth]
