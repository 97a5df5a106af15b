"""Results as the surrogate takes them: on one scale, wild ones drawn in, each with its noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.kernels import Array, Places
from ranking.numbers import ROUNDING, scatter

NOISES = (0.01, 0.05, 0.2, 0.5)
"""Variance of a measurement, in units of the scores' variance, where it has no error of its own."""

LEAST_NOISE = 1e-4
"""Variance of a measurement that is said to be exact: it keeps replicates from a singular matrix."""

MOST_NOISE = 1e6
"""Variance beyond which a measurement tells nothing anyhow."""

FENCE = 10.0
"""Quartile distances outside the quartiles at which a score counts as wild and is drawn in."""

ENOUGH = 8
"""Observations from which on quartiles mean something."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Scores that were measured, one row a measurement."""

    places: Places
    scores: Array
    sems: Array
    """NaN where nobody said."""


def tamed(scores: Array) -> Array:
    """The scores, those far outside the others drawn in: one slip of a decimal must not set the scale.

    Beyond the fence a distance counts by its logarithm, so that the order of all scores stays as it is. Where
    half of the scores agree nothing counts as wild.
    """
    if len(scores) < ENOUGH:
        return scores
    low, high = np.percentile(scores, (25, 75))
    width = float(high - low)
    if not width > ROUNDING * float(np.abs(scores).max()):
        return scores
    inside = np.clip(scores, low - FENCE * width, high + FENCE * width)
    beyond = scores - inside
    return np.asarray(inside + np.sign(beyond) * width * np.log1p(np.abs(beyond) / width))


def unit(scores: Array, sems: Array) -> tuple[float, float]:
    """Centre and scale in which the scores have mean 0 and variance 1.

    Scores that all agree say nothing of how far others lie: half their size is assumed. What lies nearer
    together than its standard errors allow to tell counts as so far apart.
    """
    if not len(scores):
        return 0.0, 0.5
    center = float(scores.mean())
    scale = scatter(scores) or max(abs(center), 1.0) * 0.5
    said = sems[~np.isnan(sems)]
    return center, max(scale, float(np.median(said)) if said.size else 0.0)


def patterns(sems: Array, scale: float) -> list[tuple[Array, tuple[float, ...]]]:
    """Variances of the measurements in the scale's unit, and the factors of them to try.

    A measurement's own error where it has one; where it has none, each of the usual noises.
    """
    unsaid = np.isnan(sems)
    if unsaid.all():
        return [(np.ones(len(sems)), NOISES)]
    own = np.minimum(sems / scale, MOST_NOISE**0.5) ** 2 + LEAST_NOISE
    return [(np.where(unsaid, noise, own), (1.0,)) for noise in (NOISES if unsaid.any() else NOISES[:1])]
