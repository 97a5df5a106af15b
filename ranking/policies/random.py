"""Any order: what every policy has to beat."""

from __future__ import annotations

from dataclasses import dataclass

from ranking.view import View


@dataclass(frozen=True, slots=True)
class RandomPolicy:
    """The canonical order, which is a shuffle by the campaign's seed."""

    name: str = "random"

    def choose(self, view: View, count: int) -> list[int]:
        return [int(place) for place in view.open[:count]]
