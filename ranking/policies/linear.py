"""Linear trait bandit: every trait adds its own worth, and is tried until it is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.kernels import Array, Places
from ranking.numbers import scatter
from ranking.view import View


@dataclass(frozen=True, slots=True)
class LinearPolicy:
    """LinUCB (Li et al. 2010, arXiv 1003.0146): ridge regression on traits, mean + alpha times its deviation.

    Near names share what is learned of them. In a pool without traits likeness takes their place.
    """

    alpha: float = 1.0
    ridge: float = 1.0
    name: str = "linear"

    def choose(self, view: View, count: int) -> list[int]:
        chosen: list[int] = []
        count = min(count, len(view.open))
        while len(chosen) < count:
            awaited = np.concatenate([view.pending, np.array(chosen, dtype=np.intp)]).astype(np.intp)
            rows = view.open[~np.isin(view.open, chosen)]
            mean, sd = self._moments(view, rows, awaited)
            chosen.append(int(rows[int((mean + self.alpha * sd).argmax())]))
        return chosen

    def _moments(self, view: View, rows: Places, awaited: Places) -> tuple[Array, Array]:
        """In units of the scores' deviation; what is awaited is known to be, not how it came out."""
        seen = view.seen.places
        scores = view.seen.scores
        spread = scatter(scores) or 1.0
        left = (scores - scores.mean()) / spread if len(scores) else scores
        known = np.concatenate([seen, awaited])
        gram = _alike(view, known, known) + self.ridge * np.eye(len(known))
        cross = _alike(view, rows, known)
        back = np.linalg.solve(gram, cross.T)
        variance = np.ones(len(rows)) - np.einsum("ij,ji->i", cross, back)
        told = _alike(view, seen, seen) + self.ridge * np.eye(len(seen))
        mean = cross[:, : len(seen)] @ np.linalg.solve(told, left)
        return mean, np.sqrt(np.maximum(variance, 0.0))


def _alike(view: View, rows: Places, columns: Places) -> Array:
    traits = view.surrogate.traits
    return view.surrogate.similarity(rows, columns) if traits is None else traits.block(rows, columns)
