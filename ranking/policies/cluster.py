"""Cluster bandit: first the group of like candidates that promises most, then the best in it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ranking.kernels import Array, Places
from ranking.numbers import scatter
from ranking.view import View


@dataclass(frozen=True, slots=True)
class ClusterPolicy:
    """UCB1 (Auer et al. 2002) over groups around ``clusters`` candidates far from each other.

    Within the group, the candidate most like its own good results and least like its bad ones.
    """

    clusters: int = 8
    name: str = "cluster"

    def choose(self, view: View, count: int) -> list[int]:
        labels = self._labels(view)
        scores, places = view.seen.scores, view.seen.places
        spread = scatter(scores) or 1.0
        left = (scores - scores.mean()) / spread if len(scores) else scores
        tried = labels[np.concatenate([places, view.pending])]
        pulls = np.bincount(tried, minlength=labels.max() + 1)
        gains = np.zeros(len(pulls))
        np.add.at(gains, labels[places], left)
        within = _within(view, left)
        still = np.ones(len(view.open), dtype=bool)
        chosen: list[int] = []
        while len(chosen) < min(count, len(view.open)):
            bound = self._bounds(pulls, gains)
            of_open = np.where(still, bound[labels[view.open]], -np.inf)
            group = still & (of_open == of_open.max())
            best = int(np.where(group, within, -np.inf).argmax())
            still[best] = False
            chosen.append(int(view.open[best]))
            pulls[labels[chosen[-1]]] += 1
        return chosen

    def _bounds(self, pulls: NDArray[np.integer], gains: Array) -> Array:
        """A group that was never tried comes first."""
        tried = np.maximum(pulls, 1)
        bound = gains / tried + np.sqrt(2 * np.log(max(int(pulls.sum()), 1)) / tried)
        return np.where(pulls > 0, bound, np.finfo(np.float64).max)

    def _labels(self, view: View) -> Places:
        """Every candidate's group: the nearest of centres each as far as possible from those before it."""
        everything = np.arange(view.surrogate.size, dtype=np.intp)
        nearest = view.surrogate.similarity(everything, everything[:1])[:, 0]
        labels = np.zeros(len(everything), dtype=np.intp)
        for number in range(1, min(self.clusters, len(everything))):
            centre = int(nearest.argmin())
            alike = view.surrogate.similarity(everything, everything[centre : centre + 1])[:, 0]
            labels = np.where(alike > nearest, number, labels)
            nearest = np.maximum(nearest, alike)
        return labels


def _within(view: View, left: Array) -> Array:
    if len(left):
        return np.asarray(view.surrogate.similarity(view.open, view.seen.places) @ left)
    return np.zeros(len(view.open)) if view.prior is None else view.prior[view.open]
