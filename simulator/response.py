"""From similarity to performance: CSX-Sim's curve, and the rugged landscape over it (arXiv 2505.17873)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simulator.draws import generator
from simulator.errors import SimulatorError

Array = NDArray[np.float64]

OPTIMUM = 100.0
LOWEST, HIGHEST = 0.01, 0.98
"""What ruggedness may reach anywhere but at the optimum, which stays the one best point."""

_BUMPS = {0: (0, 0), 1: (1, 6), 2: (6, 12), 3: (12, 60)}
_HEIGHT, _WIDTH = 0.1, 5.0
_ROUNDING = 1e-9


def performance(similarity: ArrayLike, *, sigma2: float = 1000.0, relevance: ArrayLike = 1.0) -> Array:
    """f(x) = exp(-x^2 / (2 sigma2)) at the distance x = R s - 100 from the optimum.

    ``similarity`` s in [0, 100] and ``relevance`` R in {0, 1}, of shapes that broadcast; the answer is in
    (0, 1], 1 at the optimum. SimulatorError ``bad_sigma2`` unless ``sigma2`` is positive and finite.
    """
    if not (np.isfinite(sigma2) and sigma2 > 0):
        raise SimulatorError("bad_sigma2", f"sigma2 must be positive, not {sigma2}")
    distance = np.asarray(relevance, dtype=np.float64) * np.asarray(similarity, dtype=np.float64) - OPTIMUM
    return np.asarray(np.exp(-(distance**2) / (2 * sigma2)))


@dataclass(frozen=True, slots=True)
class Landscape:
    """Local optima over the curve: what is added to it, by similarity s.

    ``bumps`` [n, 2] are centre and height of Gaussians of width 5; ``saddles`` [n, 2] the two ends of a
    stretch on which the curve keeps the value of its middle; ``cliffs`` [n, 3] where a drop begins, where the
    curve is itself again, and the depth.
    """

    bumps: Array
    saddles: Array
    cliffs: Array

    @classmethod
    def draw(cls, level: int, seed: int) -> Landscape:
        """The landscape of a level: 0 smooth, 1 up to 6 bumps, 2 6 to 12, 3 12 to 60 and saddles and cliffs.

        SimulatorError ``bad_landscape`` for another level.
        """
        if level not in _BUMPS:
            raise SimulatorError("bad_landscape", f"the landscape must be 0, 1, 2 or 3, not {level!r}")
        draw = generator("landscape", level, seed)
        fewest, most = _BUMPS[level]
        count = int(draw.integers(fewest, most, endpoint=True))
        centres = draw.uniform(0.0, OPTIMUM, count)
        bumps = np.column_stack([centres, draw.uniform(-_HEIGHT, _HEIGHT, count)])
        breaks = 2 if level == 3 else 0
        starts = draw.uniform(10.0, 85.0, (2, breaks))
        lengths = draw.uniform(5.0, 10.0, (2, breaks))
        depths = draw.uniform(_HEIGHT / 2, _HEIGHT, breaks)
        saddles = np.column_stack([starts[0], starts[0] + lengths[0]])
        cliffs = np.column_stack([starts[1], starts[1] + lengths[1], depths])
        return cls(bumps, saddles, cliffs)

    def performance(self, similarity: ArrayLike, *, sigma2: float = 1000.0) -> Array:
        """The curve at ``similarity`` (any shape) with the landscape over it.

        In [0.01, 0.98] except at the optimum, where it is 1; without any bump, the plain curve.
        """
        s = np.asarray(similarity, dtype=np.float64)
        smooth = performance(self._flattened(s), sigma2=sigma2)
        if not self.bumps.size:
            return smooth
        rugged = np.clip(smooth + self._bumps_at(s) - self._cliffs_at(s), LOWEST, HIGHEST)
        return np.where(s >= OPTIMUM - _ROUNDING, 1.0, rugged)

    def _flattened(self, s: Array) -> Array:
        for low, high in self.saddles:
            s = np.where((s > low) & (s < high), (low + high) / 2, s)
        return s

    def _bumps_at(self, s: Array) -> Array:
        centres, heights = self.bumps.T
        return np.asarray(np.exp(-(((s[..., None] - centres) / _WIDTH) ** 2) / 2) @ heights)

    def _cliffs_at(self, s: Array) -> Array:
        """A sudden drop at the beginning of each cliff that fades in a straight line until its end."""
        begin, end, depth = self.cliffs.T
        x = s[..., None]
        fading = np.where((x >= begin) & (x < end), (end - x) / (end - begin), 0.0)
        return np.asarray(fading @ depth)
