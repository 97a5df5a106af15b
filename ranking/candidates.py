"""What is chosen from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ranking.errors import RankingError
from ranking.numbers import all_usable, usable

CHECKED = 4096
"""Candidates whose vectors are looked at together."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hypothesis, or any other option in a pool that can be tested."""

    id: str
    traits: tuple[str, ...] = ()
    """Names of its key points."""
    vector: Sequence[float] | NDArray[np.floating] | None = None
    """Its text's embedding; all candidates of a campaign have one, or none has."""
    features: Mapping[str, str | float] = field(default_factory=dict)
    """Settings: text for a category, a number for a quantity."""
    descriptors: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Numbers that describe a part of it, by the part: of its ligand, say. Columns may have any unit."""
    prior: float | None = None
    """Score believed before any experiment, on any scale, in the sense of the results."""
    cost: float = 1.0
    """Of testing it, in any unit; 0 or more."""


def check(candidates: Sequence[Candidate], trait_vectors: Mapping[str, Sequence[float]]) -> None:
    """Raises RankingError for a pool that cannot be ranked."""
    if not candidates:
        raise RankingError("no_candidates", "a campaign needs at least one candidate")
    ids = [candidate.id for candidate in candidates]
    if len(set(ids)) != len(ids):
        twice = Counter(ids).most_common(1)[0][0]
        raise RankingError("duplicate_candidate", f"two candidates have the id '{twice}'")
    lengths = {None if one.vector is None else len(one.vector) for one in candidates}
    if len(lengths) > 1:
        raise RankingError("unequal_vectors", "all candidates need a vector of the same length, or none")
    _check_descriptors(candidates)
    for one in candidates:
        numbers = [one.cost, 0.0 if one.prior is None else one.prior]
        numbers += [value for value in one.features.values() if not isinstance(value, str)]
        if one.cost < 0:
            raise RankingError("bad_cost", f"the cost of candidate '{one.id}' should be 0 or more")
        if not all(map(usable, numbers)):
            raise RankingError(
                "not_finite", f"candidate '{one.id}' has a number that is not finite, or beyond all measure"
            )
    for start in range(0, len(candidates), CHECKED):
        some = candidates[start : start + CHECKED]
        if None not in lengths and not all_usable([one.vector for one in some]):
            bad = next(one.id for one in some if one.vector is not None and not all_usable(one.vector))
            raise RankingError(
                "not_finite", f"the vector of candidate '{bad}' has a number that is not finite"
            )
    if len({len(vector) for vector in trait_vectors.values()}) > 1:
        raise RankingError("unequal_vectors", "all traits need a vector of the same length, or none")
    for name, vector in trait_vectors.items():
        if not all_usable(vector):
            raise RankingError("not_finite", f"the vector of trait '{name}' has a number that is not finite")


def _check_descriptors(candidates: Sequence[Candidate]) -> None:
    known: dict[str, set[tuple[float, ...]]] = {}
    for one in candidates:
        for name, vector in one.descriptors.items():
            known.setdefault(name, set()).add(vector)
    for name, vectors in known.items():
        if len({len(vector) for vector in vectors}) > 1:
            raise RankingError("unequal_vectors", f"all descriptors '{name}' need the same length")
        if not all(map(all_usable, vectors)):
            raise RankingError("not_finite", f"a descriptor '{name}' has a number that is not finite")


def canonical(candidates: Sequence[Candidate], seed: int) -> list[Candidate]:
    """The candidates in an order that depends on ids and seed alone, so that theirs cannot matter."""
    return sorted(candidates, key=lambda one: hashlib.sha256(f"{seed}\0{one.id}".encode()).digest())


def written(one: Candidate) -> dict[str, Any]:
    """As plain JSON."""
    return {
        "id": one.id,
        "traits": list(one.traits),
        "vector": None if one.vector is None else [float(value) for value in one.vector],
        "features": dict(one.features),
        "descriptors": {name: list(vector) for name, vector in one.descriptors.items()},
        "prior": one.prior,
        "cost": one.cost,
    }


def read(data: Mapping[str, Any]) -> Candidate:
    """What ``written`` wrote, in this version or an earlier one."""
    return Candidate(
        id=data["id"],
        traits=tuple(data["traits"]),
        vector=None if data["vector"] is None else tuple(data["vector"]),
        features=data["features"],
        descriptors={name: tuple(vector) for name, vector in data.get("descriptors", {}).items()},
        prior=data["prior"],
        cost=data["cost"],
    )
