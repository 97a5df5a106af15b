"""The default: where the surrogate's upper confidence bound is highest, away from what fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.kernels import Array, Places
from ranking.surrogate import Observations, Surrogate
from ranking.view import View

CENTRAL_SAMPLE = 400
"""Candidates against which the first one is judged central."""


@dataclass(frozen=True, slots=True)
class SurrogatePolicy:
    """Upper confidence bound, mean + beta sd, weighed with the chance of a result at all.

    A batch is filled one by one: what is pending or chosen counts as if it had come out as expected.
    """

    beta: float = 2.0
    name: str = "surrogate"

    def choose(self, view: View, count: int) -> list[int]:
        chosen: list[int] = []
        still = np.ones(len(view.open), dtype=bool)
        while len(chosen) < min(count, len(view.open)):
            awaited = np.concatenate([view.pending, np.array(chosen, dtype=np.intp)]).astype(np.intp)
            wanted = np.where(still, self._wanted(view, awaited), -np.inf)
            best = int(wanted.argmax())
            still[best] = False
            chosen.append(int(view.open[best]))
        return chosen

    def _wanted(self, view: View, awaited: Places) -> Array:
        if not len(view.seen.scores) and not len(awaited):
            start = view.prior[view.open] if view.prior is not None else _centrality(view)
            # Above 0 for all: a low chance must not raise who is believed to be bad.
            return np.asarray((start - start.min() + 1.0) * _chance(view), dtype=np.float64)
        surrogate = _imagined(view.surrogate, view.seen, awaited)
        mean, sd = surrogate.moments(view.open)
        bound = mean + self.beta * sd
        floor = float(mean.min())
        return np.asarray(floor + (bound - floor) * _chance(view), dtype=np.float64)


def _imagined(surrogate: Surrogate, seen: Observations, awaited: Places) -> Surrogate:
    """The surrogate as if the awaited results had come out as it expects ("kriging believer")."""
    if not len(awaited):
        return surrogate
    expected, _ = surrogate.moments(awaited)
    return surrogate.conditioned(
        Observations(
            np.concatenate([seen.places, awaited]),
            np.concatenate([seen.scores, expected]),
            np.concatenate([seen.sems, np.full(len(awaited), np.nan)]),
        )
    )


def _chance(view: View) -> Array:
    """Of a result at all, in (0, 1]: lower near what failed, and higher again near what did not."""
    if not len(view.failed):
        return np.ones(len(view.open))
    near_failed = view.surrogate.similarity(view.open, view.failed).sum(axis=1)
    near_done = np.zeros(len(view.open))
    if len(view.seen.places):
        near_done = view.surrogate.similarity(view.open, view.seen.places).sum(axis=1)
    return np.asarray((1 + near_done) / (1 + near_done + near_failed), dtype=np.float64)


def _centrality(view: View) -> Array:
    """How like the others each open candidate is: the first result should tell of many."""
    sample = np.arange(view.surrogate.size)[:: -(-view.surrogate.size // CENTRAL_SAMPLE)]
    return np.asarray(view.surrogate.similarity(view.open, sample).mean(axis=1), dtype=np.float64)
