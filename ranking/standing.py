"""Where a candidate stands: expectation, uncertainty, and the chance that it is the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from ranking.kernels import Array, Places
from ranking.surrogate import Surrogate

DRAWS = 4096
CONTENDERS = 256
"""Candidates whose scores are drawn jointly, those with the highest bounds."""

WIDE_DRAWS = 1024
"""In pools with more candidates than that."""

NEGLIGIBLE = 1e-3
"""Chance, of all of them together, with which candidates are left out of the draws."""

BLOCK = 4096
"""Candidates drawn at once beside the contenders."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A candidate's place in the ranking."""

    id: str
    rank: int
    """From 1."""
    mean: float
    """Expected true score, in the results' unit and sense."""
    sd: float
    p_best: float
    """Probability that no candidate is better."""
    expected_improvement: float
    """Over the best tested candidate's expected score, in the results' unit."""
    tested: int
    """Results that gave a score."""
    failed: int
    """Experiments that gave none."""


def chances_of_best(surrogate: Surrogate, seed: int) -> Array:
    """[candidates], summing to 1: how often each is the best in draws from the posterior.

    The contenders are drawn jointly. In a larger pool each of the others follows them as far as it is like
    them, and is otherwise on its own: to draw ten thousand jointly would take minutes.
    """
    mean, sd = surrogate.moments()
    order = np.argsort(-(mean + 2 * sd), kind="stable")
    contenders, others = order[:CONTENDERS], order[CONTENDERS:]
    if not len(others):
        winners = contenders[draws(surrogate, contenders, seed).argmax(axis=1)]
    else:
        winners = _winners(surrogate, contenders, others, seed)
    return np.bincount(winners, minlength=surrogate.size) / len(winners)


def draws(surrogate: Surrogate, places: Places, seed: int) -> Array:
    """Joint draws of true scores from the posterior, [draws, places]."""
    mean, values, vectors = _decomposed(surrogate, places)
    root = vectors * np.sqrt(values)
    return np.asarray(mean + np.random.default_rng(seed).standard_normal((DRAWS, len(places))) @ root.T)


def _decomposed(surrogate: Surrogate, places: Places) -> tuple[Array, Array, Array]:
    """Mean, and eigenvalues and -vectors of the covariance."""
    mean, covariance = surrogate.joint(places)
    jitter = 1e-9 * max(float(np.trace(covariance)) / len(places), 1e-12)
    values, vectors = np.linalg.eigh(covariance + jitter * np.eye(len(places)))
    return mean, np.maximum(values, 0.0), vectors


def _winners(surrogate: Surrogate, contenders: Places, others: Places, seed: int) -> Places:
    """The best candidate of each draw."""
    random = np.random.default_rng(seed)
    mean, values, vectors = _decomposed(surrogate, contenders)
    common = random.standard_normal((WIDE_DRAWS, len(contenders)))
    drawn = mean + common @ (vectors * np.sqrt(values)).T
    best = drawn.max(axis=1)
    winners: Places = contenders[drawn.argmax(axis=1)]
    # f = mean + load z + own e, with z what makes the contenders' scores and e a number of its own.
    kept = values > 1e-6 * values.max()
    inverse = np.where(kept, vectors / np.sqrt(np.where(kept, values, 1.0)), 0.0)
    others = _able(surrogate, others, float(np.percentile(best, 5)))
    single = common.astype(np.float32)
    for start in range(0, len(others), BLOCK):
        rows = others[start : start + BLOCK]
        middle, sd = (of_all[rows] for of_all in surrogate.moments())
        load = surrogate.covariance(rows, contenders) @ inverse
        own = np.sqrt(np.maximum(sd**2 - (load**2).sum(axis=1), 0.0))
        # Single precision is for what is left once zero and unit are taken out.
        zero, unit = float(middle.max()), float(sd.max())
        above = single @ (load / unit).astype(np.float32).T
        noise = random.standard_normal(above.shape, dtype=np.float32)
        above += noise * (own / unit).astype(np.float32) + ((middle - zero) / unit).astype(np.float32)
        top = above.argmax(axis=1)
        height = zero + unit * above[np.arange(WIDE_DRAWS), top]
        winners = np.where(height > best, rows[top], winners)
        best = np.maximum(best, height)
    return winners


def _able(surrogate: Surrogate, places: Places, height: float) -> Places:
    """The places without those that together hardly ever reach the height, in their order."""
    mean, sd = (of_all[places] for of_all in surrogate.moments())
    chance = norm.sf((height - mean) / sd)
    order = np.argsort(chance, kind="stable")
    able: Places = np.sort(order[np.cumsum(chance[order]) > NEGLIGIBLE])
    return places[able]


def expected_improvement(mean: Array, sd: Array, best: float | None) -> Array:
    """E[max(f - best, 0)] of normal f; without a best so far, the uncertainty itself."""
    if best is None:
        return sd.copy()
    ratio = (mean - best) / sd
    return np.asarray((mean - best) * norm.cdf(ratio) + sd * norm.pdf(ratio), dtype=np.float64)
