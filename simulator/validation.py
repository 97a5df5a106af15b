"""How well predictions agree with outcomes that were reported: group by group, with bootstrap intervals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

Array = NDArray[np.float64]

RESAMPLES = 2000


@dataclass(frozen=True, slots=True)
class Group:
    """Candidates of one question: what was predicted of them, what was reported, and which is the truth."""

    name: str
    predicted: tuple[float, ...]
    reported: tuple[float, ...]
    """Scaled to [0, 1] in the group; the ground truth has 1."""
    truth: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean over groups with its 95 % interval: groups, not candidates, are drawn again."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Agreement:
    spearman: Figure
    perfect: int
    """Groups in whose order nothing is wrong."""
    rmse: Figure
    mae: Figure
    rmsle: Figure
    groups: int
    """Those that could be ordered at all: two candidates or more of different outcomes."""


def agreement(groups: Sequence[Group], *, without_truth: bool = False) -> Agreement:
    """Means over groups; ``without_truth`` leaves out the candidate that is trivially first."""
    columns = [_columns(group, without_truth) for group in groups]
    usable = [(predicted, reported) for predicted, reported in columns if len(predicted)]
    rho = np.array([spearman(p, r) for p, r in usable if len(p) > 1 and np.ptp(r) > 0])
    return Agreement(
        spearman=_figure(rho),
        perfect=int((rho > 1 - 1e-9).sum()),
        rmse=_figure(_each(usable, lambda p, r: float(np.sqrt(np.mean((p - r) ** 2))))),
        mae=_figure(_each(usable, lambda p, r: float(np.mean(np.abs(p - r))))),
        rmsle=_figure(_each(usable, lambda p, r: float(np.sqrt(np.mean((_log(p) - _log(r)) ** 2))))),
        groups=len(rho),
    )


def spearman(predicted: Array, reported: Array) -> float:
    """Rank correlation in [-1, 1]; predictions that are all equal order nothing, which is 0."""
    if np.ptp(predicted) == 0 or np.ptp(reported) == 0:
        return 0.0
    return float(spearmanr(predicted, reported).statistic)


def _columns(group: Group, without_truth: bool) -> tuple[Array, Array]:
    kept = ~np.array(group.truth, dtype=bool) if without_truth else np.ones(len(group.truth), dtype=bool)
    return np.array(group.predicted)[kept], np.array(group.reported)[kept]


def _each(
    groups: Sequence[tuple[Array, Array]], measure: Callable[[Array, Array], float]
) -> NDArray[np.float64]:
    return np.array([measure(predicted, reported) for predicted, reported in groups])


def _log(values: Array) -> Array:
    return np.asarray(np.log1p(np.maximum(values, 0.0)))


def _figure(values: Array) -> Figure:
    if not len(values):
        return Figure(float("nan"), float("nan"), float("nan"))
    draws = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[draws].mean(axis=1), [2.5, 97.5])
    return Figure(float(values.mean()), float(low), float(high))
