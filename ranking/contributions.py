"""What each trait adds to the score, as far as the results tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ranking.kernels import Array, Places, Traits
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

    def turned(self) -> Contribution:
        """The same where less is better."""
        return Contribution(self.trait, -self.effect, -self.high, -self.low, self.candidates)


def contributions(surrogate: Surrogate) -> list[Contribution]:
    """All traits, largest effect first; empty where there are no traits.

    Of a surrogate without best matches: there the effects of traits add up.
    """
    traits = surrogate.traits
    if traits is None:
        return []
    counts = _counts(traits)
    typical = np.asarray(traits.membership.sum(axis=0)).ravel() / np.maximum(counts, 1)
    everything = np.arange(len(traits.names), dtype=np.intp)
    return _told(surrogate, traits, everything, typical)


def contributions_of(surrogate: Surrogate, place: int) -> list[Contribution]:
    """One candidate's traits, with what each adds to its own score."""
    traits = surrogate.traits
    if traits is None:
        return []
    start, end = traits.membership.indptr[place : place + 2]
    return _told(
        surrogate,
        traits,
        traits.membership.indices[start:end].astype(np.intp),
        traits.membership.data[start:end],
    )


def ordered(found: Iterable[Contribution]) -> list[Contribution]:
    """Largest effect first."""
    return sorted(found, key=lambda one: (-one.effect, one.trait))


def _counts(traits: Traits) -> Places:
    return np.asarray((traits.membership > 0).sum(axis=0), dtype=np.intp).ravel()


def _told(surrogate: Surrogate, traits: Traits, which: Places, reach: Array) -> list[Contribution]:
    """The traits ``which``, [n], for a candidate in which each has the weight ``reach``, [n]."""
    mean, sd = _effects(surrogate, traits, which)
    effect, width = surrogate.scale * reach * mean, TWO_SIDED_95 * surrogate.scale * reach * sd
    counts = _counts(traits)[which]
    return ordered(
        Contribution(
            trait=traits.names[name],
            effect=float(effect[n]),
            low=float(effect[n] - width[n]),
            high=float(effect[n] + width[n]),
            candidates=int(counts[n]),
        )
        for n, name in enumerate(which)
    )


def _effects(surrogate: Surrogate, traits: Traits, which: Places) -> tuple[Array, Array]:
    """Mean and deviation of the traits' effects, in the scale's unit and for a weight of 1.

    The kernel's trait part is a sum of effects, one a trait, whose prior covariance is their names' nearness;
    their posterior is read off, averaged over the grid.
    """
    parts = sum(part is not None for part in (surrogate.traits, surrogate.text, surrogate.settings))
    mean, square = np.zeros(len(which)), np.zeros(len(which))
    rows = traits.membership[surrogate.observed]
    used = np.unique(rows.indices)
    cross = traits.nearness(which, used) @ rows[:, used].T.toarray() / parts
    for fit in surrogate.fits:
        spread = cross @ fit.basis
        means = np.tensordot(spread, fit.pulls, axes=1)
        variance = np.maximum(fit.amplitudes / parts - (spread**2) @ fit.damping, 0.0)
        mean += np.einsum("tms,ms->t", means, fit.weights)
        square += variance @ fit.weights.sum(axis=1) + np.einsum("tms,ms->t", means**2, fit.weights)
    return mean, np.sqrt(np.maximum(square - mean**2, 0.0))
