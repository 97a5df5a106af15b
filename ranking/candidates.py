"""What is chosen from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ranking.errors import RankingError
from ranking.numbers import usable


@dataclass(frozen=True, slots=True)
class Candidate:
    """A hypothesis, or any other option in a pool that can be tested."""

    id: str
    traits: tuple[str, ...] = ()
    """Names of its key points."""
    vector: tuple[float, ...] | None = None
    """Its text's embedding; all candidates of a campaign have one, or none has."""
    features: Mapping[str, str | float] = field(default_factory=dict)
    """Settings: text for a category, a number for a quantity."""
    prior: float | None = None
    """Score believed before any experiment, on any scale, in the sense of the results."""
    cost: float = 1.0


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
    for one in candidates:
        numbers = [*(one.vector or ()), one.cost, 0.0 if one.prior is None else one.prior]
        numbers += [value for value in one.features.values() if not isinstance(value, str)]
        if not all(map(usable, numbers)):
            raise RankingError(
                "not_finite", f"candidate '{one.id}' has a number that is not finite, or beyond all measure"
            )
    if len({len(vector) for vector in trait_vectors.values()}) > 1:
        raise RankingError("unequal_vectors", "all traits need a vector of the same length, or none")
    for name, vector in trait_vectors.items():
        if not all(map(usable, vector)):
            raise RankingError("not_finite", f"the vector of trait '{name}' has a number that is not finite")


def canonical(candidates: Sequence[Candidate], seed: int) -> list[Candidate]:
    """The candidates in an order that depends on ids and seed alone, so that theirs cannot matter."""
    return sorted(candidates, key=lambda one: hashlib.sha256(f"{seed}\0{one.id}".encode()).digest())
