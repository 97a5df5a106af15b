"""Epistemic variation: candidates whose predicted standing swings as results come in."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.kernels import Array
from ranking.observations import Observations
from ranking.policies.surrogate import first
from ranking.view import View

SETTLED = 200
"""Open candidates above which those that are settled are frozen."""


@dataclass(frozen=True, slots=True)
class EpistemicPolicy:
    """Expected standing plus ``swing`` times how far it varies as parts of the results are left out.

    In a large pool a candidate whose bound lies below what the ``keep`` best are expected to reach is frozen:
    its variation is not worked out.
    """

    swing: float = 1.0
    parts: int = 5
    keep: int = 100
    name: str = "epistemic"

    def choose(self, view: View, count: int) -> list[int]:
        if not len(view.open):
            return []
        if len(view.seen.scores) < 2:
            return first(view)[:count]
        mean, sd = view.surrogate.moments(view.open)
        awake = self._awake(mean, sd)
        variation = np.zeros(len(view.open))
        variation[awake] = self._variation(view, awake)
        wanted = mean + self.swing * (variation + sd)
        order = np.argsort(-np.where(awake, wanted, mean - np.ptp(mean) - sd.max()), kind="stable")
        return [int(place) for place in view.open[order[:count]]]

    def _awake(self, mean: Array, sd: Array) -> Array:
        if len(mean) <= SETTLED:
            return np.ones(len(mean), dtype=bool)
        bar = np.partition(mean, -self.keep)[-self.keep]
        return np.asarray(mean + 2 * sd >= bar)

    def _variation(self, view: View, awake: Array) -> Array:
        """Deviation of the expected scores over states of knowledge that lack some results, [awake]."""
        rows, seen = view.open[awake], view.seen
        parts = min(self.parts, len(seen.scores))
        without = []
        for part in range(parts):
            kept = np.arange(len(seen.scores)) % parts != part
            state = Observations(seen.places[kept], seen.scores[kept], seen.sems[kept])
            without.append(view.surrogate.conditioned(state).moments(rows)[0])
        return np.asarray(np.std(without, axis=0))
