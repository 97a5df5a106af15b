"""The Gaussian process behind the ranking: one model a point of a small grid, averaged by their evidence.

Averaging beats optimising at these budgets: maximum likelihood on ten results collapses to a length scale
that knows only its own points.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from ranking.kernels import Array, Places, Points, Traits

LENGTHS = (0.5, 1.0, 2.0)
"""Of the Matern kernels, in units of the median distance."""

NOISES = (0.01, 0.05, 0.2, 0.5)
"""Variance of a measurement, in units of the scores' variance, where it has no error of its own."""

PRIOR_VARIANCES = (0.0, 0.3, 1.0)
"""Of the prior score's slope; 0 is the model that does not believe it."""

MEAN_VARIANCE = 0.3
"""How far the pool's mean may lie from that of the results, in units of their variance."""


@dataclass(frozen=True, slots=True)
class Observations:
    """Scores that were measured, one row a measurement."""

    places: Places
    scores: Array
    sems: Array
    """NaN where nobody said."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """One grid point, conditioned on the observations."""

    length: float
    prior_variance: float
    weight: float
    factor: tuple[NDArray[np.float64], bool]
    alpha: Array
    observed: Places


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
    fits: tuple[_Fit, ...]

    def moments(self, places: Places | None = None) -> tuple[Array, Array]:
        """Mean and standard deviation of the candidates' true scores, on the scale of the results."""
        rows = np.arange(self.size) if places is None else places
        mean, square = np.zeros(len(rows)), np.zeros(len(rows))
        for fit in self.fits:
            own_mean, own_variance = self._posterior(fit, rows)
            mean += fit.weight * own_mean
            square += fit.weight * (own_variance + own_mean**2)
        sd = np.sqrt(np.maximum(square - mean**2, 1e-12))
        return self.center + self.scale * mean, self.scale * sd

    def joint(self, places: Places) -> tuple[Array, Array]:
        """Mean and covariance of some candidates, [n] and [n, n], averaged over the grid."""
        mean, second = np.zeros(len(places)), np.zeros((len(places), len(places)))
        for fit in self.fits:
            cross = self._kernel(fit.length, fit.prior_variance, places, fit.observed)
            own_mean = cross @ fit.alpha
            own = self._kernel(fit.length, fit.prior_variance, places, places)
            if len(fit.observed):
                own = own - cross @ cho_solve(fit.factor, cross.T)
            mean += fit.weight * own_mean
            second += fit.weight * (own + np.outer(own_mean, own_mean))
        covariance = second - np.outer(mean, mean)
        return self.center + self.scale * mean, self.scale**2 * covariance

    def _posterior(self, fit: _Fit, rows: Places) -> tuple[Array, Array]:
        own = self._diagonal(fit.prior_variance, rows)
        if not len(fit.observed):
            return np.zeros(len(rows)), own
        cross = self._kernel(fit.length, fit.prior_variance, rows, fit.observed)
        explained = np.einsum("ij,ji->i", cross, cho_solve(fit.factor, cross.T))
        return cross @ fit.alpha, np.maximum(own - explained, 1e-12)

    def _diagonal(self, prior_variance: float, rows: Places) -> Array:
        own = np.full(len(rows), 1.0 + MEAN_VARIANCE)
        if self.prior is not None:
            own += prior_variance * self.prior[rows] ** 2
        return own

    def _kernel(self, length: float, prior_variance: float, rows: Places, columns: Places) -> Array:
        parts: list[Array] = []
        if self.traits is not None:
            parts.append(self.traits.block(rows, columns))
        parts += [
            part.block(rows, columns, length) for part in (self.text, self.settings) if part is not None
        ]
        # A pool without any description: every candidate is like itself alone.
        alike = sum(parts) / len(parts) if parts else (rows[:, None] == columns[None, :]).astype(np.float64)
        kernel = np.asarray(alike, dtype=np.float64) + MEAN_VARIANCE
        if self.prior is not None:
            kernel = kernel + prior_variance * np.outer(self.prior[rows], self.prior[columns])
        return kernel

    def similarity(self, rows: Places, columns: Places) -> Array:
        """In [0, 1], what the kernel says without mean and prior; [rows, columns]."""
        return np.clip(self._kernel(1.0, 0.0, rows, columns) - MEAN_VARIANCE, 0.0, 1.0)

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
    count = len(seen.scores)
    center = float(seen.scores.mean()) if count else 0.0
    spread = float(seen.scores.std()) if count > 1 else 0.0
    scale = spread if spread > 1e-12 else max(abs(center), 1.0) * 0.5
    blank = Surrogate(traits, text, settings, prior, size, center, scale, ())
    lengths: Sequence[float] = LENGTHS if text is not None or settings is not None else (1.0,)
    beliefs: Sequence[float] = PRIOR_VARIANCES if prior is not None else (0.0,)
    targets = (seen.scores - center) / scale
    fits: list[_Fit] = []
    evidence: list[float] = []
    for length, belief in product(lengths, beliefs):
        kernel = blank._kernel(length, belief, seen.places, seen.places)
        for noise in NOISES:
            own = np.where(np.isnan(seen.sems), noise, (seen.sems / scale) ** 2 + 1e-4)
            factor = cho_factor(kernel + np.diag(own), lower=True) if count else (np.zeros((0, 0)), True)
            alpha = cho_solve(factor, targets) if count else np.zeros(0)
            fits.append(_Fit(length, belief, 1.0, factor, alpha, seen.places))
            logdet = 2 * np.log(np.diag(factor[0])).sum() if count else 0.0
            evidence.append(float(-0.5 * targets @ alpha - 0.5 * logdet))
    weights = np.exp(np.array(evidence) - max(evidence))
    weights /= weights.sum()
    kept = tuple(
        _Fit(f.length, f.prior_variance, float(w), f.factor, f.alpha, f.observed)
        for f, w in zip(fits, weights, strict=True)
        if w > 1e-3
    )
    total = sum(f.weight for f in kept)
    kept = tuple(
        _Fit(f.length, f.prior_variance, f.weight / total, f.factor, f.alpha, f.observed) for f in kept
    )
    return Surrogate(traits, text, settings, prior, size, center, scale, kept)
