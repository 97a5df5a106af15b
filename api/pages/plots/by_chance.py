"""What testing in random order would have found by now, by exact counting over a pool's scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Chance:
    """The best of so many picks without replacement."""

    picks: int
    mean: float
    low: float
    """The 10th percentile."""
    high: float
    """The 90th."""


def best_by_chance(scores: Sequence[float], picks: Sequence[int]) -> list[Chance]:
    """For each number of picks, from 1 to all of them.

    With the scores in ascending order, the best of k picks of n is the i-th (i = 1…n) or a lower one with
    probability C(i, k) / C(n, k).
    """
    ordered = sorted(scores)
    return [_best_of(ordered, count) for count in picks]


def _best_of(ordered: Sequence[float], picks: int) -> Chance:
    count = len(ordered)
    at_most, mean = 1.0, 0.0
    low = high = ordered[-1]
    for place in range(count, picks - 1, -1):
        value = ordered[place - 1]
        below = at_most * (place - picks) / place  # C(i-1, k) / C(n, k)
        mean += (at_most - below) * value
        if at_most >= 0.9:
            high = value
        if at_most >= 0.1:
            low = value
        at_most = below
    return Chance(picks, mean, low, high)
