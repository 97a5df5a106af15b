"""Whether another experiment is worth it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.kernels import Array, Places
from ranking.standing import CONTENDERS, draws, expected_improvement
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
    surplus: float | None = None
    """What the most worthwhile experiment is expected to bring beyond its cost, in the results' unit.

    None where nobody said what a score is worth, or nothing can be compared.
    """


def advice(surrogate: Surrogate, open: Places, seed: int, price: Array | None = None) -> Advice:
    """Compares the best tested candidate with the open ones in joint draws from the posterior.

    With each candidate's price, [candidates], in the results' unit, the search ends where none is expected to
    bring more than its price (Weitzman 1979, Pandora's rule); without prices, where the chance is small.
    """
    if not len(open):
        return Advice(False, 0.0, 0.0, "Nothing is left to test.")
    tested = np.unique(surrogate.observed)
    if not len(tested):
        return Advice(True, 1.0, 0.0, "Nothing has been measured yet.")
    best = tested[surrogate.moments(tested)[0].argmax()]
    mean, sd = surrogate.moments(open)
    promise = mean + 2 * sd
    if price is not None:
        [height] = surrogate.moments(np.array([best]))[0]
        promise = expected_improvement(mean, sd, float(height)) - price[open]
    contenders = open[np.argsort(-promise, kind="stable")[:CONTENDERS]]
    drawn = draws(surrogate, np.append(contenders, best), seed)
    lead = drawn[:, :-1] - drawn[:, -1:]
    gains = lead.max(axis=1)
    chance = float((gains > 0).mean())
    gain = float(gains[gains > 0].mean()) if chance else 0.0
    told = f"something untested is better than the best so far with a probability of {chance:.0%}"
    if price is not None:
        surplus = float((np.maximum(lead, 0.0).mean(axis=0) - price[contenders]).max())
        return _by_surplus(surplus, chance, gain, told)
    if chance < SMALL_CHANCE:
        return Advice(False, chance, gain, f"Stop: {told}.")
    return Advice(True, chance, gain, f"Go on: {told}, then by {gain:.3g} on average.")


def _by_surplus(surplus: float, chance: float, gain: float, told: str) -> Advice:
    if surplus > 0:
        reason = f"Go on: an experiment brings {surplus:.3g} more than it costs; {told}."
    else:
        reason = f"Stop: no experiment is worth its cost; {told}."
    return Advice(surplus > 0, chance, gain, reason, surplus)
