"""The default: where the surrogate's upper confidence bound is highest, away from what fails."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.costs import chance_for_cost, heeded
from ranking.kernels import Array, Places
from ranking.view import View

CENTRAL_SAMPLE = 400
"""Candidates against which the first one is judged central."""


@dataclass(frozen=True, slots=True)
class SurrogatePolicy:
    """Upper confidence bound, mean + beta sd, weighed with the chance of a result at all.

    The first ``opening`` experiments are those most believed in where there is a prior score; what it counts
    later, the results decide. A batch is filled one by one: what is pending or chosen counts as if it had
    come out as expected. Where costs differ, what is likely for its cost comes first.
    """

    beta: float = 2.0
    opening: int = 1
    name: str = "surrogate"

    def choose(self, view: View, count: int) -> list[int]:
        count = min(count, len(view.open))
        opened = len(np.unique(view.seen.places)) + len(view.pending)
        if view.prior is not None:
            opening = min(count, max(self.opening - opened, 0))
        else:
            opening = min(count, int(not opened))
        chosen = first(view)[:opening] if opening else []
        return chosen + self._by_bound(view, chosen, count - opening)

    def _by_bound(self, view: View, chosen: list[int], count: int) -> list[int]:
        if not count:
            return []
        surrogate, rows = view.surrogate, view.open
        chance = _chance(view)
        mean, sd = surrogate.moments(rows)
        floor = float(mean.min())
        awaited = [*map(int, view.pending), *chosen]
        left = _Awaited(view, rows, sd, awaited)
        still = ~np.isin(rows, chosen)
        found: list[int] = []
        for number in range(count):
            remains = left.sd()
            bound = mean + self.beta * remains
            wanted = np.where(still, floor + (bound - floor) * chance, -np.inf)
            if view.costs is not None:
                wanted = chance_for_cost(wanted, remains, self.beta, view.costs[rows])
            best = int(wanted.argmax())
            still[best] = False
            found.append(int(rows[best]))
            if number + 1 < count:
                left.await_(found[-1])
        return found


class _Awaited:
    """What remains uncertain once some results have come in as expected ("kriging believer").

    Each result that is awaited takes one column of the posterior covariance and a step of its Cholesky
    decomposition: nothing is fitted again.
    """

    def __init__(self, view: View, rows: Places, sd: Array, places: list[int]) -> None:
        self._surrogate = view.surrogate
        self._rows = rows
        self._variance = sd**2
        self._places: list[int] = []
        self._steps: list[Array] = []
        """[open], of each awaited result."""
        self._factor: list[Array] = []
        """Each awaited result's own row of the decomposition."""
        for place in places:
            self.await_(place)

    def sd(self) -> Array:
        return np.sqrt(np.maximum(self._variance, 0.0))

    def await_(self, place: int) -> None:
        known = np.array([*self._places, place], dtype=np.intp)
        column = self._surrogate.covariance(np.concatenate([self._rows, known]), known[-1:])[:, 0]
        cross, own = column[: len(self._rows)], column[len(self._rows) :]
        row = np.zeros(len(self._places))
        for n, factor in enumerate(self._factor):
            row[n] = (own[n] - row[:n] @ factor[:n]) / factor[n]
        pivot = float(np.sqrt(max(own[-1] - row @ row, 0.0) + self._surrogate.noise))
        step = (cross - sum((r * s for r, s in zip(row, self._steps, strict=True)), np.zeros(1))) / pivot
        self._variance = self._variance - step**2
        self._places.append(place)
        self._steps.append(step)
        self._factor.append(np.append(row, pivot))


def first(view: View) -> list[int]:
    """Open candidates, the most believed first, or where nothing is believed, the most typical.

    Where costs differ, cheap ones come sooner.
    """
    start = view.prior[view.open] if view.prior is not None else _centrality(view)
    # Above 0 for all: a low chance must not raise who is believed to be bad.
    wanted = (start - start.min() + 1.0) * _chance(view)
    if view.costs is not None:
        wanted = wanted / heeded(view.costs[view.open])
    return [int(place) for place in view.open[np.argsort(-wanted, kind="stable")]]


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
