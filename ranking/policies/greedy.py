"""Greedy: whatever is most like the best so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.view import View


@dataclass(frozen=True, slots=True)
class GreedyPolicy:
    """Nearest to the best tested candidate; before any result, the most believed in."""

    name: str = "greedy"

    def choose(self, view: View, count: int) -> list[int]:
        if not len(view.seen.scores):
            wanted = np.zeros(len(view.open)) if view.prior is None else view.prior[view.open]
        else:
            places = np.unique(view.seen.places)
            means = [view.seen.scores[view.seen.places == place].mean() for place in places]
            best = places[[int(np.argmax(means))]]
            wanted = view.surrogate.similarity(view.open, best)[:, 0]
        order = np.argsort(-wanted, kind="stable")
        return [int(place) for place in view.open[order[:count]]]
