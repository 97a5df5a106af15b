"""The pre-experiment ranking: what is believed beforehand, whatever the results say."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ranking.view import View


@dataclass(frozen=True, slots=True)
class PriorPolicy:
    """Highest prior score first; without prior scores, the canonical order."""

    name: str = "prior"

    def choose(self, view: View, count: int) -> list[int]:
        if view.prior is None:
            return [int(place) for place in view.open[:count]]
        order = np.argsort(-view.prior[view.open], kind="stable")
        return [int(place) for place in view.open[order[:count]]]
