"""Whether another experiment is worth it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.kernels import Places
from ranking.standing import CONTENDERS, draws
from ranking.surrogate import Surrogate

SMALL_CHANCE = 0.05
"""Of finding something better, below which the search may end."""


@dataclass(frozen=True, slots=True)
class Advice:
    """Go on or stop, and why."""

    go_on: bool
    p_better: float
    """Probability that something untested is better than the best tested candidate."""
    gain: float
    """How much better, in the results' unit, expected where it is; 0 where nothing can be."""
    reason: str


def advice(surrogate: Surrogate, open: Places, seed: int) -> Advice:
    """Compares the best tested candidate with the open ones in joint draws from the posterior."""
    if not len(open):
        return Advice(False, 0.0, 0.0, "Nothing is left to test.")
    tested = np.unique(surrogate.observed)
    if not len(tested):
        return Advice(True, 1.0, 0.0, "Nothing has been measured yet.")
    best = tested[surrogate.moments(tested)[0].argmax()]
    mean, sd = surrogate.moments(open)
    contenders = open[np.argsort(-(mean + 2 * sd), kind="stable")[:CONTENDERS]]
    drawn = draws(surrogate, np.append(contenders, best), seed)
    gains = drawn[:, :-1].max(axis=1) - drawn[:, -1]
    chance = float((gains > 0).mean())
    gain = float(gains[gains > 0].mean()) if chance else 0.0
    told = f"something untested is better than the best so far with a probability of {chance:.0%}"
    if chance < SMALL_CHANCE:
        return Advice(False, chance, gain, f"Stop: {told}.")
    return Advice(True, chance, gain, f"Go on: {told}, then by {gain:.3g} on average.")
