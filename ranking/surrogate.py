"""The Gaussian process behind the ranking: one model a point of a small grid, averaged by their evidence.

Averaging beats optimising at these budgets: maximum likelihood on ten results collapses to a length scale
that knows only its own points.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from ranking.kernels import Array, Floats, Places, Points, Settings, Traits
from ranking.matches import Matches
from ranking.observations import Observations, patterns, tamed, unit

LENGTHS = (0.5, 1.0, 2.0)
"""Of the Matern kernels, in units of the median distance."""

AMPLITUDES = (1.0, 2.0, 4.0)
"""Variance of the true scores over the pool, in units of that of the results: a few are rarely typical."""

SLOPES = (0.0, 0.3, 0.6)
"""Deviations of the score per deviation of the prior score; 0 is the model that does not believe it.

None is negative: to test the least promising candidate second would tell of the belief, and of little else.
"""

BELIEFS = (0.99, 0.005, 0.005)
"""Weight of each slope before any result: a prior score has to earn what it is believed."""

MEAN_VARIANCE = 0.3
"""How far the pool's mean may lie from that of the results, in units of the amplitude."""

NEGLIGIBLE = 1e-3
"""Weight under which a grid point is left out."""

ROWS = 8192
"""Candidates worked on at once: what bounds the memory."""

WORK = 2e9
"""Products (candidates x observations squared) beyond which one length is kept, in single precision."""

LOOK = 400
"""Observations, a random part of more, by which that length is chosen."""


@dataclass(frozen=True, slots=True)
class Fit:
    """All models of one length and one pattern of noise, in the basis that makes each of them diagonal.

    With D the pattern of noise and U, l eigenvectors and -values of D^-1/2 K D^-1/2, the covariance of the
    observations a K + r D has the inverse B diag(1 / (a l + r)) B', B = D^-1/2 U, for every amplitude a and
    noise r.
    """

    length: float
    basis: Floats
    """[observations, observations], B; in the precision in which candidates are worked on."""
    inverse: Array
    """[observations, models], a / (a l + r)."""
    pulls: Array
    """[observations, models, slopes], the inverse times what the slope leaves to explain, in the basis."""
    amplitudes: Array
    """[models]"""
    noises: Array
    """[models], variance of a typical measurement."""
    weights: Array
    """[models, slopes]; those of all fits sum to 1. Until then log evidence."""

    @property
    def damping(self) -> Array:
        """[observations, models], a^2 / (a l + r)."""
        return self.inverse * self.amplitudes


@dataclass(frozen=True)
class Surrogate:
    """What is known of all candidates' scores after the observations."""

    traits: Traits | None
    text: Points | None
    settings: Settings | None
    prior: Array | None
    """[candidates], standardised."""
    size: int
    center: float
    scale: float
    observed: Places
    left: Array
    """[observations, slopes]: scores, in units of the scale, less what the slope says of them."""
    slopes: tuple[float, ...]
    fits: tuple[Fit, ...]
    matches: Matches | None = None
    """Shares the traits' part of the likeness, where there is one."""

    def moments(self, places: Places | None = None) -> tuple[Array, Array]:
        """Mean and standard deviation of the candidates' true scores, on the scale of the results."""
        if places is None:
            return self._everything
        if 2 * len(places) > self.size:
            mean, sd = self._everything
            return mean[places], sd[places]
        return self._scaled(places)

    @cached_property
    def _everything(self) -> tuple[Array, Array]:
        """Moments of all candidates, which are asked for again and again."""
        mean, sd = self._scaled(np.arange(self.size, dtype=np.intp))
        mean.setflags(write=False)
        sd.setflags(write=False)
        return mean, sd

    def _scaled(self, rows: Places) -> tuple[Array, Array]:
        mean, variance = np.zeros(len(rows)), np.zeros(len(rows))
        for start in range(0, len(rows), ROWS):
            some = slice(start, start + ROWS)
            mean[some], variance[some] = self._moments(rows[some])
        return self.center + self.scale * mean, self.scale * np.sqrt(np.maximum(variance, 1e-12))

    def _moments(self, rows: Places) -> tuple[Array, Array]:
        mean, square = np.zeros(len(rows)), np.zeros(len(rows))
        for fit, spread in self._spread(rows):
            known = (spread**2) @ fit.damping
            variance = np.maximum(fit.amplitudes * (1.0 + MEAN_VARIANCE) - known, 1e-12)
            means = self._means(fit, spread, rows)
            mean += np.einsum("rms,ms->r", means, fit.weights)
            square += variance @ fit.weights.sum(axis=1) + np.einsum("rms,ms->r", means**2, fit.weights)
        return mean, square - mean**2

    def joint(self, places: Places) -> tuple[Array, Array]:
        """Mean and covariance of some candidates, [n] and [n, n], averaged over the grid."""
        mean, covariance = self._mean_and_covariance(places, places)
        return self.center + self.scale * mean, self.scale**2 * covariance

    def covariance(self, rows: Places, columns: Places) -> Array:
        """Of true scores, [rows, columns], averaged over the grid; in the square of the results' unit."""
        blocks = [
            self._mean_and_covariance(rows[start : start + ROWS], columns)[1]
            for start in range(0, max(len(rows), 1), ROWS)
        ]
        return self.scale**2 * np.concatenate(blocks)

    def _mean_and_covariance(self, rows: Places, columns: Places) -> tuple[Array, Array]:
        """In the scale's unit: of the rows the mean, of rows and columns the covariance."""
        mean, other = np.zeros(len(rows)), np.zeros(len(columns))
        second = np.zeros((len(rows), len(columns)))
        owns = dict(zip(self._lengths(), self._kernels(self._lengths(), rows, columns), strict=True))
        for (fit, left), (_, right) in zip(self._spread(rows), self._spread(columns), strict=True):
            weights = fit.weights.sum(axis=1)
            second += (fit.amplitudes @ weights) * owns[fit.length]
            second -= (left * (fit.damping @ weights)) @ right.T
            here, there = self._means(fit, left, rows), self._means(fit, right, columns)
            second += np.einsum("rms,cms,ms->rc", here, there, fit.weights, optimize=True)
            mean += np.einsum("rms,ms->r", here, fit.weights)
            other += np.einsum("rms,ms->r", there, fit.weights)
        return mean, second - np.outer(mean, other)

    def pulls(self, place: int) -> Array:
        """What each observation adds to a candidate's expected score, [observations], in the results' unit.

        Their sum is the candidate's mean less the results' mean, and less what the prior score adds.
        """
        found = np.zeros(len(self.observed))
        for fit, spread in self._spread(np.array([place], dtype=np.intp)):
            back = (spread[0][:, None] * fit.inverse).T @ fit.basis.T  # [models, observations]
            found += np.einsum("mo,os,ms->o", back, self.left, fit.weights, optimize=True)
        return self.scale * found

    def belief(self, place: int) -> float:
        """What the prior score adds to a candidate's expected score, in the results' unit."""
        slope = sum((fit.weights.sum(axis=0) @ self.slopes for fit in self.fits), 0.0)
        return 0.0 if self.prior is None else float(self.scale * slope * self.prior[place])

    @property
    def noise(self) -> float:
        """Variance of a typical measurement, in the square of the results' unit."""
        return self.scale**2 * sum(float(fit.noises @ fit.weights.sum(axis=1)) for fit in self.fits)

    def similarity(self, rows: Places, columns: Places) -> Array:
        """How alike candidates are by their descriptions, in [0, 1]; [rows, columns]."""
        [alike] = self._likeness((1.0,), rows, columns)
        return np.clip(alike, 0.0, 1.0)

    def conditioned(self, seen: Observations) -> Surrogate:
        """The same candidates after other observations."""
        return fit_surrogate(self.traits, self.text, self.settings, self.prior, self.size, seen, self.matches)

    def _lengths(self) -> tuple[float, ...]:
        return tuple(dict.fromkeys(fit.length for fit in self.fits))

    def _spread(self, rows: Places) -> Iterator[tuple[Fit, Array]]:
        """Each fit with the rows' kernel to the observations in its basis, [rows, observations]."""
        lengths = self._lengths()
        crosses = dict(zip(lengths, self._kernels(lengths, rows, self.observed), strict=True))
        for fit in self.fits:
            yield fit, crosses[fit.length].astype(fit.basis.dtype, copy=False) @ fit.basis

    def _means(self, fit: Fit, spread: Array, rows: Places) -> Array:
        """[rows, models, slopes]"""
        means = np.tensordot(spread, fit.pulls, axes=1)
        return means if self.prior is None else means + np.outer(self.prior[rows], self.slopes)[:, None, :]

    def _kernels(self, lengths: Sequence[float], rows: Places, columns: Places) -> list[Array]:
        return [alike + MEAN_VARIANCE for alike in self._likeness(lengths, rows, columns)]

    def _likeness(self, lengths: Sequence[float], rows: Places, columns: Places) -> list[Array]:
        parts: list[list[Array]] = []
        if self.traits is not None:
            overlap = self.traits.block(rows, columns)
            if self.matches is not None:
                overlap += self.matches.block(rows, columns)
                overlap /= 2
            parts.append([overlap] * len(lengths))
        parts += [part.block(rows, columns, lengths) for part in (self.text, self.settings) if part]
        if not parts:  # a pool without any description: every candidate is like itself alone
            parts.append([np.equal.outer(rows, columns).astype(np.float64)] * len(lengths))
        return [np.asarray(sum(of_length) / len(parts)) for of_length in zip(*parts, strict=True)]


def fit_surrogate(
    traits: Traits | None,
    text: Points | None,
    settings: Settings | None,
    prior: Array | None,
    size: int,
    seen: Observations,
    matches: Matches | None = None,
) -> Surrogate:
    """Condition every grid point on the observations and weigh it by its marginal likelihood."""
    scores = tamed(seen.scores)
    center, scale = unit(scores, seen.sems)
    slopes = SLOPES if prior is not None else (0.0,)
    beliefs = np.log(BELIEFS) if prior is not None else np.zeros(1)
    left = np.repeat(((scores - center) / scale)[:, None], len(slopes), axis=1)
    if prior is not None:
        left -= np.outer(prior[seen.places], slopes)
    blank = Surrogate(
        traits, text, settings, prior, size, center, scale, seen.places, left, slopes, (), matches
    )
    lengths = LENGTHS if text is not None or settings is not None else (1.0,)
    grid = [(length, *pattern) for length in lengths for pattern in patterns(seen.sems, scale)]
    large = size * len(scores) ** 2 > WORK
    if large:
        few = slice(0, LOOK)
        looked_at = [(length, pattern[few], noises) for length, pattern, noises in grid]
        tried = _conditioned(blank, looked_at, seen.places[few], left[few])
        grid = [grid[int(_believed(tried, beliefs).sum(axis=(1, 2)).argmax())]]
    fits = _weighed(_conditioned(blank, grid, seen.places, left), beliefs)
    if large:
        fits = tuple(replace(fit, basis=fit.basis.astype(np.float32)) for fit in fits)
    return replace(blank, fits=fits)


def _conditioned(
    blank: Surrogate, grid: Sequence[tuple[float, Array, Sequence[float]]], places: Places, left: Array
) -> list[Fit]:
    """A fit for each length and pattern of noise."""
    lengths = tuple(dict.fromkeys(length for length, _, _ in grid))
    kernels = dict(zip(lengths, blank._kernels(lengths, places, places), strict=True))
    return [_condition(length, kernels[length], pattern, noises, left) for length, pattern, noises in grid]


def _believed(fits: Sequence[Fit], beliefs: Array) -> Array:
    """[fits, models, slopes], evidence and belief together; 1 for the most believed."""
    evidence = np.array([fit.weights + beliefs for fit in fits])
    return np.asarray(np.exp(evidence - evidence.max()))


def _weighed(fits: Sequence[Fit], beliefs: Array) -> tuple[Fit, ...]:
    """The fits that matter, their models' weights in the place of their evidence."""
    weights = _believed(fits, beliefs)
    of_fit = weights.sum(axis=(1, 2))
    kept = np.flatnonzero(of_fit > NEGLIGIBLE * of_fit.sum())
    weights /= of_fit[kept].sum()
    return tuple(replace(fits[n], weights=weights[n]) for n in kept.tolist())


def _condition(length: float, kernel: Array, pattern: Array, noises: Sequence[float], left: Array) -> Fit:
    """Rasmussen and Williams 2006, equations 2.25, 2.26 and 2.30, without the constant that all share."""
    amplitudes, factors = (grid.ravel() for grid in np.meshgrid(AMPLITUDES, noises, indexing="ij"))
    white = 1.0 / np.sqrt(pattern)
    values, vectors = np.linalg.eigh(white[:, None] * kernel * white)
    basis = white[:, None] * vectors
    total = np.maximum(values, 0.0)[:, None] * amplitudes + factors  # [observations, models]
    inverse = amplitudes / total
    projected = basis.T @ left  # [observations, slopes]
    fit = -0.5 * (1.0 / total).T @ projected**2
    volume = 0.5 * np.log(total).sum(axis=0) + 0.5 * np.log(pattern).sum()
    typical = factors * (float(np.median(pattern)) if len(pattern) else 1.0)
    return Fit(
        length=length,
        basis=basis,
        inverse=inverse,
        pulls=inverse[:, :, None] * projected[:, None, :],
        amplitudes=amplitudes,
        noises=typical,
        weights=fit - volume[:, None],
    )
