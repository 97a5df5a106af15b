"""Why a candidate stands where it does: its traits, and the experiments that speak for and against it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ranking.contributions import Contribution, contributions_of, ordered
from ranking.kernels import Places
from ranking.surrogate import Surrogate

LEAST = 1e-9
"""Of the scale: what an experiment does below it is nothing."""


@dataclass(frozen=True, slots=True)
class Influence:
    """What the results of one tested candidate do to the expected score of another."""

    id: str
    effect: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A candidate's expected score taken apart: mean = base + belief + the effects of all experiments."""

    id: str
    mean: float
    sd: float
    base: float
    """Mean of all results."""
    belief: float
    """What its prior score adds, as far as the results let it."""
    traits: tuple[Contribution, ...]
    """Its own, the most helpful first: another view of the same effects, not a further part of the sum."""
    speak_for: tuple[Influence, ...]
    """Experiments that make it look better, the strongest first."""
    speak_against: tuple[Influence, ...]


def explanation(
    surrogate: Surrogate, adding: Surrogate, place: int, id: str, names: dict[int, str]
) -> Explanation:
    """Of the candidate at a place; ``names`` are ids of the observed by place, ``adding`` tells of traits."""
    [mean], [sd] = surrogate.moments(_one(place))
    pulls = surrogate.pulls(place)
    effects: dict[str, float] = {}
    for other, pull in zip(surrogate.observed, pulls, strict=True):
        effects[names[int(other)]] = effects.get(names[int(other)], 0.0) + float(pull)
    found = sorted((Influence(*item) for item in effects.items()), key=lambda one: (-abs(one.effect), one.id))
    least = LEAST * surrogate.scale
    return Explanation(
        id=id,
        mean=float(mean),
        sd=float(sd),
        base=surrogate.center,
        belief=surrogate.belief(place),
        traits=tuple(contributions_of(adding, place)),
        speak_for=tuple(one for one in found if one.effect > least),
        speak_against=tuple(one for one in found if one.effect < -least),
    )


def turned(one: Explanation) -> Explanation:
    """The same where less is better: numbers in the results' sense, for and against as they are meant."""
    return replace(
        one,
        mean=-one.mean + 0.0,
        base=-one.base + 0.0,
        belief=-one.belief + 0.0,
        traits=tuple(ordered(trait.turned() for trait in one.traits)),
        speak_for=tuple(Influence(item.id, -item.effect) for item in one.speak_for),
        speak_against=tuple(Influence(item.id, -item.effect) for item in one.speak_against),
    )


def _one(place: int) -> Places:
    return np.array([place], dtype=np.intp)
