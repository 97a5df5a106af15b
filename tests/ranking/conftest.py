from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ranking import Candidate

Planted = Callable[[int], tuple[list[Candidate], dict[str, float]]]

WORTH = {"redox couple": 0.4, "oriented gel": 0.3, "guanidinium": 0.2}
"""What each trait adds to a score in the planted pool; the others add nothing."""

IDLE = [f"filler {n}" for n in range(9)]


@pytest.fixture(scope="session")
def planted() -> Planted:
    """Makes a pool in which three traits of twelve add to the score, and one candidate has all three."""

    def make(seed: int) -> tuple[list[Candidate], dict[str, float]]:
        random = np.random.default_rng(seed)
        sets = [(*WORTH, str(random.choice(IDLE)))]
        while len(sets) < 60:
            traits = tuple(map(str, random.choice([*WORTH, *IDLE], 4, replace=False)))
            if not set(WORTH) <= set(traits):
                sets.append(traits)
        names = random.permutation(len(sets))
        pool = [Candidate(str(name), traits=traits) for name, traits in zip(names, sets, strict=True)]
        return pool, {one.id: sum(WORTH.get(trait, 0.0) for trait in one.traits) for one in pool}

    return make
