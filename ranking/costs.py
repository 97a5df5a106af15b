"""What experiments cost, as far as it matters for their order: only where some cost more than others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.special import log_ndtr

from ranking.candidates import Candidate
from ranking.kernels import Array
from ranking.numbers import scatter

CHEAPEST = 1e-3
"""Of the dearest: what costs less counts as if it cost so much, what costs nothing too."""

HEED = 0.5
"""Power of the cost by which a chance is divided: 0 does not look at costs, 1 takes what is cheap first.

Lee et al. 2020 (arXiv 2003.10870) cool it from 1 to 0 while a budget is spent; without a budget, half of it
found the best for less than 0, 1/3, 0.7 and 1 did, for costs of five kinds.
"""


def relative(candidates: Sequence[Candidate]) -> Array | None:
    """[candidates], in units of the dearest; None where all cost the same."""
    costs = np.array([one.cost for one in candidates], dtype=np.float64)
    if not scatter(costs):
        return None
    return np.asarray(np.maximum(costs / costs.max(), CHEAPEST))


def heeded(costs: Array) -> Array:
    """By what is divided where a cost counts."""
    return np.asarray(costs**HEED)


def chance_for_cost(bound: Array, sd: Array, beta: float, costs: Array) -> Array:
    """Logarithm of the chance to reach the highest bound, mean + beta sd, over what it costs.

    Whoever looks for one thing in many places looks first where chance over cost is highest (Black 1965).
    Without costs the highest bound itself is chosen: there the chance is that of beta deviations, elsewhere
    it is less.
    """
    short = beta + (bound.max() - bound) / np.maximum(sd, np.finfo(np.float64).tiny)
    return np.asarray(log_ndtr(-short) - np.log(heeded(costs)))


def expected(
    candidates: Sequence[Candidate], place: Mapping[str, int], paid: Sequence[tuple[str, float]]
) -> Array:
    """[candidates], in the unit in which was paid: results tell what a candidate's cost of 1 comes to."""
    costs = np.array([one.cost for one in candidates], dtype=np.float64)
    foreseen = sum(costs[place[id]] for id, cost in paid if cost > 0)
    came_to = sum(cost for _, cost in paid if cost > 0)
    return costs * (came_to / foreseen) if foreseen and came_to else costs
