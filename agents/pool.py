"""The candidates of a run as ranking and laboratories see them: by position, never by an id of a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agents.clustering import meaning
from agents.plan import Plan
from agents.rows import OWN, TABLE, key_points_of
from knowledge.embedding import Embedder
from ranking import Candidate
from records.models import Hypothesis
from simulator import KeyPoint as LaboratoryKeyPoint
from simulator import Sample

Vectors = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pool:
    """Everything by position; a candidate's id is its position as text, the same in every run."""

    hypothesis_ids: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    samples: tuple[Sample, ...]
    untestable: tuple[str, ...]
    """Candidate ids: hypotheses that the recorded table has no row for."""
    trait_vectors: Mapping[str, Sequence[float]]
    vectors: Vectors
    """[candidates, dimension], unit length."""


def build_pool(rows: Sequence[Hypothesis], plan: Plan, embedder: Embedder) -> Pool:
    """The pool of a run from its hypotheses by position.

    Every distinct text is embedded once. A table row's vector is the mean of its key points' vectors: a
    thousand rows share a few dozen of them.
    """
    points = {meaning(point): point for row in rows for point in key_points_of(row)}
    of_meaning = _embedded(list(points), embedder)
    shared = {text: tuple(vector.tolist()) for text, vector in of_meaning.items()}
    written = [row.statement for row in rows if row.origin != TABLE]
    of_statement = _embedded(written, embedder)
    vectors = np.array([_vector(row, of_meaning, of_statement) for row in rows])
    priors = _priors(rows, vectors)
    keys = iter([row["key"] for row in plan.laboratory.rows])
    candidates, samples = [], []
    for position, (row, prior) in enumerate(zip(rows, priors, strict=True)):
        identity = str(position)
        candidates.append(
            Candidate(
                id=identity,
                traits=tuple(dict.fromkeys(_trait(row, point.name, point.role) for point in row.key_points)),
                vector=tuple(vectors[position].tolist()),
                features=row.features,
                prior=prior,
            )
        )
        parts = tuple(
            LaboratoryKeyPoint(point.name, point.role, vector=shared[meaning(point)])
            for point in key_points_of(row)
        )
        samples.append(Sample(identity, parts, row=next(keys) if row.origin == TABLE else None))
    tables = any(row.origin == TABLE for row in rows)
    return Pool(
        hypothesis_ids=tuple(row.id for row in rows),
        candidates=tuple(candidates),
        samples=tuple(samples),
        untestable=tuple(str(n) for n, row in enumerate(rows) if tables and row.origin != TABLE),
        trait_vectors={
            _trait(row, point.name, point.role): shared[meaning(point)]
            for row in rows
            for point in key_points_of(row)
        },
        vectors=vectors,
    )


def _embedded(texts: Sequence[str], embedder: Embedder) -> dict[str, Vectors]:
    distinct = list(dict.fromkeys(texts))
    if not distinct:
        return {}
    return dict(zip(distinct, np.asarray(embedder.embed(distinct), dtype=np.float64), strict=True))


def _vector(
    row: Hypothesis, of_meaning: Mapping[str, Vectors], of_statement: Mapping[str, Vectors]
) -> Vectors:
    if row.origin != TABLE:
        return of_statement[row.statement]
    mean: Vectors = np.mean([of_meaning[meaning(point)] for point in key_points_of(row)], axis=0)
    return mean / max(1e-12, float(np.linalg.norm(mean)))


def _priors(rows: Sequence[Hypothesis], vectors: Vectors) -> list[float | None]:
    """What is believed before any experiment.

    Without a table the reasoner's own order, from 1 down to 0: it hands over its best hypotheses first, and
    says nothing of candidates that were brought along. With one, a row's highest cosine to a hypothesis from
    the literature, and a hypothesis's highest to a row; nothing is believed of a table alone.
    """
    in_table = np.array([row.origin == TABLE for row in rows], dtype=bool)
    if not in_table.any():
        proposed = sum(row.origin != OWN for row in rows)
        return [None if row.origin == OWN else 1.0 - n / proposed for n, row in enumerate(rows)]
    if in_table.all():
        return [None] * len(rows)
    nearness = vectors[in_table] @ vectors[~in_table].T
    priors = np.empty(len(rows))
    priors[in_table] = nearness.max(axis=1)
    priors[~in_table] = nearness.max(axis=0)
    return [float(prior) for prior in priors]


def _trait(row: Hypothesis, name: str, role: str) -> str:
    """A column's value says nothing without its column: 105 might be a temperature or a time."""
    return f"{role}: {name}" if row.origin == TABLE else name
