"""Where a candidate stands: expectation, uncertainty, and the chance that it is the best."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from ranking.kernels import Array, Places
from ranking.surrogate import Surrogate

DRAWS = 4096
CONTENDERS = 256
"""Candidates among which the best is sought, those with the highest bounds; the others get no chance."""


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
    """[candidates], summing to 1: how often each is the best in joint draws from the posterior."""
    mean, sd = surrogate.moments()
    contenders = np.argsort(-(mean + 2 * sd), kind="stable")[:CONTENDERS]
    winners = draws(surrogate, contenders, seed).argmax(axis=1)
    chances = np.zeros(surrogate.size)
    np.add.at(chances, contenders[winners], 1.0 / DRAWS)
    return chances


def draws(surrogate: Surrogate, places: Places, seed: int) -> Array:
    """Joint draws of true scores from the posterior, [draws, places]."""
    mean, covariance = surrogate.joint(places)
    jitter = 1e-9 * max(float(np.trace(covariance)) / len(places), 1e-12)
    values, vectors = np.linalg.eigh(covariance + jitter * np.eye(len(places)))
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    return np.asarray(mean + np.random.default_rng(seed).standard_normal((DRAWS, len(places))) @ root.T)


def expected_improvement(mean: Array, sd: Array, best: float | None) -> Array:
    """E[max(f - best, 0)] of normal f; without a best so far, the uncertainty itself."""
    if best is None:
        return sd.copy()
    ratio = (mean - best) / sd
    return np.asarray((mean - best) * norm.cdf(ratio) + sd * norm.pdf(ratio), dtype=np.float64)
