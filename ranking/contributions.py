"""What each trait adds to the score, as far as the results tell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

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
    rows = traits.membership[surrogate.observed]
    used = np.unique(rows.indices)
    cross = traits.nearness(everything, used) @ rows[:, used].T.toarray() / parts
    for fit in surrogate.fits:
        explained = np.einsum("ij,ji->i", cross, fit.model.solve(cross.T))
        means = cross @ fit.model.alphas
        mean += means @ fit.weights
        square += fit.weights.sum() * np.maximum(1.0 / parts - explained, 0.0) + means**2 @ fit.weights
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
