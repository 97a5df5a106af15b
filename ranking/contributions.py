"""What each trait adds to the score, as far as the results tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_solve

from ranking.surrogate import Surrogate

TWO_SIDED_95 = 1.959964


@dataclass(frozen=True, slots=True)
class Contribution:
    """A trait's effect on the score of a candidate that has it, with a 95 % interval."""

    trait: str
    effect: float
    low: float
    high: float
    candidates: int
    """How many have it."""


def contributions(surrogate: Surrogate) -> list[Contribution]:
    """All traits, largest effect first; empty where there are no traits.

    The kernel's trait part is a sum of effects, one a trait, whose prior covariance is their names' nearness;
    their posterior is read off, averaged over the grid.
    """
    traits = surrogate.traits
    if traits is None:
        return []
    parts = sum(part is not None for part in (surrogate.traits, surrogate.text, surrogate.settings))
    everything = np.arange(len(traits.names), dtype=np.intp)
    counts = np.asarray((traits.membership > 0).sum(axis=0)).ravel()
    typical = np.asarray(traits.membership.sum(axis=0)).ravel() / np.maximum(counts, 1)
    mean, square = np.zeros(len(everything)), np.zeros(len(everything))
    for fit in surrogate.fits:
        own_mean = np.zeros(len(everything))
        variance = np.full(len(everything), 1.0 / parts)
        if len(fit.observed):
            rows = traits.membership[fit.observed]
            used = np.unique(rows.indices)
            cross = traits.nearness(everything, used) @ rows[:, used].T.toarray() / parts
            own_mean = cross @ fit.alpha
            variance = variance - np.einsum("ij,ji->i", cross, cho_solve(fit.factor, cross.T))
        mean += fit.weight * own_mean
        square += fit.weight * (np.maximum(variance, 0.0) + own_mean**2)
    reach = surrogate.scale * typical
    effect, sd = reach * mean, reach * np.sqrt(np.maximum(square - mean**2, 0.0))
    order = sorted(everything, key=lambda n: (-effect[n], traits.names[n]))
    return [
        Contribution(
            trait=traits.names[n],
            effect=float(effect[n]),
            low=float(effect[n] - TWO_SIDED_95 * sd[n]),
            high=float(effect[n] + TWO_SIDED_95 * sd[n]),
            candidates=int(counts[n]),
        )
        for n in order
    ]
