"""What testing in random order would have found by now, by exact counting over a pool's scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
    ordered = np.sort(np.asarray(scores, dtype=float))
    return [_best_of(ordered, count) for count in picks]


def _best_of(ordered: NDArray[np.float64], picks: int) -> Chance:
    values = ordered[picks - 1 :]  # a lower one is never the best of so many
    places = np.arange(len(ordered), picks, -1)
    # C(i, k) / C(n, k) for i = k … n
    at_most = np.concatenate(([1.0], np.cumprod((places - picks) / places)))[::-1]
    chances = np.diff(at_most, prepend=0.0)
    low, high = values[np.searchsorted(at_most, (0.1, 0.9))]
    return Chance(picks, float(chances @ values), float(low), float(high))
