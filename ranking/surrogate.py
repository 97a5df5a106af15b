"""The Gaussian process behind the ranking: one model a point of a small grid, averaged by their evidence.

Averaging beats optimising at these budgets: maximum likelihood on ten results collapses to a length scale
that knows only its own points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ranking.kernels import Array, Places, Points, Traits
from ranking.numbers import scatter

LENGTHS = (0.5, 1.0, 2.0)
"""Of the Matern kernels, in units of the median distance."""

NOISES = (0.01, 0.05, 0.2, 0.5)
"""Variance of a measurement, in units of the scores' variance, where it has no error of its own."""

SLOPES = (0.0, 0.3, 0.6)
"""Deviations of the score per deviation of the prior score; 0 is the model that does not believe it.

None is negative: to test the least promising candidate second would tell of the belief, and of little else.
"""

MEAN_VARIANCE = 0.3
"""How far the pool's mean may lie from that of the results, in units of their variance."""

LEAST_NOISE = 1e-4
"""Variance of a measurement that is said to be exact: it keeps replicates from a singular matrix."""

MOST_NOISE = 1e6
"""Variance beyond which a measurement tells nothing anyhow."""

NEGLIGIBLE = 1e-3
"""Weight under which a grid point is left out."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Scores that were measured, one row a measurement."""

    places: Places
    scores: Array
    sems: Array
    """NaN where nobody said."""


@dataclass(frozen=True, slots=True)
class _Model:
    """One kernel and noise, conditioned on the observations, under every slope of the prior score."""

    factor: tuple[NDArray[np.float64], bool]
    alphas: Array
    """[observations, slopes], the covariance's inverse times what the slope leaves to explain."""
    evidence: Array
    """[slopes], log marginal likelihoods."""

    def solve(self, columns: Array) -> Array:
        """The inverse covariance of the observations times columns; of no observations, nothing."""
        return np.asarray(cho_solve(self.factor, columns)) if len(columns) else columns


@dataclass(frozen=True, slots=True)
class _Fit:
    """A model and how far it is believed."""

    length: float
    weights: Array
    """[slopes]; those of all fits sum to 1."""
    model: _Model


@dataclass(frozen=True)
class Surrogate:
    """What is known of all candidates' scores after the observations."""

    traits: Traits | None
    text: Points | None
    settings: Points | None
    prior: Array | None
    """[candidates], standardised."""
    size: int
    center: float
    scale: float
    observed: Places
    slopes: tuple[float, ...]
    fits: tuple[_Fit, ...]

    def moments(self, places: Places | None = None) -> tuple[Array, Array]:
        """Mean and standard deviation of the candidates' true scores, on the scale of the results."""
        rows = np.arange(self.size) if places is None else places
        mean, square = np.zeros(len(rows)), np.zeros(len(rows))
        crosses = self._crosses(rows)
        for fit in self.fits:
            cross = crosses[fit.length]
            explained = np.einsum("ij,ji->i", cross, fit.model.solve(cross.T))
            variance = np.maximum(1.0 + MEAN_VARIANCE - explained, 1e-12)
            means = self._means(fit, cross, rows)
            mean += means @ fit.weights
            square += fit.weights.sum() * variance + means**2 @ fit.weights
        sd = np.sqrt(np.maximum(square - mean**2, 1e-12))
        return self.center + self.scale * mean, self.scale * sd

    def joint(self, places: Places) -> tuple[Array, Array]:
        """Mean and covariance of some candidates, [n] and [n, n], averaged over the grid."""
        mean, second = np.zeros(len(places)), np.zeros((len(places), len(places)))
        crosses = self._crosses(places)
        owns = {length: self._kernel(length, places, places) for length in crosses}
        for fit in self.fits:
            cross = crosses[fit.length]
            own = owns[fit.length] - cross @ fit.model.solve(cross.T)
            means = self._means(fit, cross, places)
            mean += means @ fit.weights
            second += fit.weights.sum() * own + (means * fit.weights) @ means.T
        covariance = second - np.outer(mean, mean)
        return self.center + self.scale * mean, self.scale**2 * covariance

    def _means(self, fit: _Fit, cross: Array, rows: Places) -> Array:
        """[rows, slopes]"""
        means = cross @ fit.model.alphas
        return means if self.prior is None else means + np.outer(self.prior[rows], self.slopes)

    def _crosses(self, rows: Places) -> dict[float, Array]:
        """The kernel with what was observed, a length; fits share it."""
        lengths = dict.fromkeys(fit.length for fit in self.fits)
        return {length: self._kernel(length, rows, self.observed) for length in lengths}

    def _kernel(self, length: float, rows: Places, columns: Places) -> Array:
        return self._likeness(length, rows, columns) + MEAN_VARIANCE

    def _likeness(self, length: float, rows: Places, columns: Places) -> Array:
        parts: list[Array] = []
        if self.traits is not None:
            parts.append(self.traits.block(rows, columns))
        parts += [
            part.block(rows, columns, length) for part in (self.text, self.settings) if part is not None
        ]
        # A pool without any description: every candidate is like itself alone.
        alike = sum(parts) / len(parts) if parts else rows[:, None] == columns[None, :]
        return np.asarray(alike, dtype=np.float64)

    def similarity(self, rows: Places, columns: Places) -> Array:
        """How alike candidates are by their descriptions, in [0, 1]; [rows, columns]."""
        return np.clip(self._likeness(1.0, rows, columns), 0.0, 1.0)

    def conditioned(self, seen: Observations) -> Surrogate:
        """The same candidates after other observations."""
        return fit_surrogate(self.traits, self.text, self.settings, self.prior, self.size, seen)


def fit_surrogate(
    traits: Traits | None,
    text: Points | None,
    settings: Points | None,
    prior: Array | None,
    size: int,
    seen: Observations,
) -> Surrogate:
    """Condition every grid point on the observations and weigh it by its marginal likelihood."""
    center, scale = _unit(seen)
    slopes = SLOPES if prior is not None else (0.0,)
    blank = Surrogate(traits, text, settings, prior, size, center, scale, seen.places, slopes, ())
    lengths: Sequence[float] = LENGTHS if text is not None or settings is not None else (1.0,)
    noises = NOISES if np.isnan(seen.sems).any() else NOISES[:1]
    left = np.repeat(((seen.scores - center) / scale)[:, None], len(slopes), axis=1)
    if prior is not None:
        left -= np.outer(prior[seen.places], slopes)
    kernels = {length: blank._kernel(length, seen.places, seen.places) for length in lengths}
    grid = list(product(lengths, noises))
    models = [_condition(kernels[length], _noise(seen, scale, noise), left) for length, noise in grid]
    evidence = np.array([model.evidence for model in models])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    kept = np.flatnonzero(weights.sum(axis=1) > NEGLIGIBLE)
    weights /= weights[kept].sum()
    return replace(blank, fits=tuple(_Fit(grid[n][0], weights[n], models[n]) for n in kept))


def _unit(seen: Observations) -> tuple[float, float]:
    """Centre and scale in which the scores have mean 0 and variance 1.

    Scores that all agree say nothing of how far others lie: half their size is assumed. What lies nearer
    together than its standard errors allow to tell counts as so far apart.
    """
    if not len(seen.scores):
        return 0.0, 0.5
    center = float(seen.scores.mean())
    scale = scatter(seen.scores) or max(abs(center), 1.0) * 0.5
    said = seen.sems[~np.isnan(seen.sems)]
    return center, max(scale, float(np.median(said)) if said.size else 0.0)


def _noise(seen: Observations, scale: float, otherwise: float) -> Array:
    """Variance of every measurement in the scale's unit: by its own error, or otherwise where it has none."""
    own = np.minimum(seen.sems / scale, MOST_NOISE**0.5) ** 2 + LEAST_NOISE
    return np.where(np.isnan(seen.sems), otherwise, own)


def _condition(kernel: Array, noise: Array, left: Array) -> _Model:
    """Rasmussen and Williams 2006, algorithm 2.1; the evidence without the constant that all models share."""
    if not len(noise):
        return _Model((kernel, True), left, np.zeros(left.shape[1]))
    factor = cho_factor(kernel + np.diag(noise), lower=True)
    alphas = cho_solve(factor, left)
    half_logdet = np.log(np.diag(factor[0])).sum()
    return _Model(factor, alphas, -0.5 * (left * alphas).sum(axis=0) - half_logdet)
