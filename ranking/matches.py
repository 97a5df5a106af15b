"""How alike two candidates are by what they match best, the way in which likeness to a goal is judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.kernels import MANY, SLICE, Array, Floats, Places, Traits
from ranking.numbers import scatter

ANCHORS = 400
"""Trait names against which candidates are held, a sample of more."""

MOST = 50_000
"""Candidates beyond which the features would take too much memory, and overlap has to do."""


@dataclass(frozen=True)
class Matches:
    """Cosine of two candidates' best matches to every trait name of the pool, each name counted alike.

    CSX-Sim (Liu et al. 2025, arXiv 2505.17873) adds up a candidate's best match to each key point of a goal.
    Nobody knows the goal, but where it is of the pool's kind its key points are near names in the pool, and
    the score is nearly linear in these features. A name that few come near counts as much as one that many
    do. A candidate without traits is like itself alone.
    """

    features: Floats
    """[candidates, anchors], of length 1: how much better than usual in the pool each name is matched, in
    units of its spread; zeros without traits."""

    def block(self, rows: Places, columns: Places) -> Array:
        """[rows, columns], in [-1, 1]; 1 for itself."""
        left = self.features[rows]
        alike = left @ self.features[columns].T
        bare = np.flatnonzero(np.logical_not(left.any(axis=1)))
        alike[bare] = rows[bare, None] == columns
        return np.asarray(alike)


def match_kernel(traits: Traits | None) -> Matches | None:
    """The kernel of a pool's traits; None where they tell no candidates apart, or the pool is too large."""
    if traits is None or traits.membership.shape[0] > MOST:
        return None
    count = len(traits.names)
    anchors = np.arange(0, count, -(-count // ANCHORS), dtype=np.intp)
    best = _best_matches(traits, anchors)
    described = np.flatnonzero(np.diff(traits.membership.indptr))
    told = [column for column in range(len(anchors)) if scatter(best[described, column]) > 0]
    if not told:
        return None
    known = best[described][:, told]
    standing = (known - known.mean(axis=0)) / known.std(axis=0)
    length = np.sqrt(np.einsum("ij,ij->i", standing, standing))
    features = np.zeros((len(best), len(told)), dtype=np.float32 if len(best) > MANY else np.float64)
    features[described] = standing / np.where(length > 0, length, 1.0)[:, None]
    return Matches(features)


def _best_matches(traits: Traits, anchors: Places) -> Array:
    """[candidates, anchors], the nearness of each candidate's nearest trait; 0 where it has none."""
    best = np.zeros((traits.membership.shape[0], len(anchors)))
    for start in range(0, len(best), SLICE):
        mine = traits.membership[start : start + SLICE]
        described = np.flatnonzero(np.diff(mine.indptr))
        if len(described):
            own, names = np.unique(mine.indices, return_inverse=True)
            table = np.sqrt(traits.nearness(own, anchors))
            best[start + described] = np.maximum.reduceat(table[names], mine.indptr[described], axis=0)
    return best
