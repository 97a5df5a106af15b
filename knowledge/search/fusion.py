"""Several rankings of passages into one."""

from __future__ import annotations

from collections.abc import Sequence

K = 60
"""Of reciprocal rank fusion (Cormack, Clarke and Büttcher, SIGIR 2009): how flat the ranks' weights are."""


def fuse(rankings: Sequence[Sequence[str]], order: Sequence[str]) -> list[tuple[str, float]]:
    """All ids with their score, the sum of 1 / (K + rank) over the rankings that have it; best first.

    ``order`` breaks ties: the earlier one goes first.
    """
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, one in enumerate(ranking, 1):
            scores[one] = scores.get(one, 0.0) + 1.0 / (K + rank)
    places = {one: place for place, one in enumerate(order)}
    return sorted(scores.items(), key=lambda item: (-item[1], places.get(item[0], len(places))))
