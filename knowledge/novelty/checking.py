"""A hypothesis against all that is published in its workspace and for everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from knowledge.embedding import Embedder
from knowledge.novelty.overlap import Claim, Overlap, Published, Rarity, compare, novelty, rarity, words_of
from records.database import Database
from records.models import Hypothesis
from records.repositories import Hypotheses
from records.repositories.novelty import Novelties, Told

Find = Callable[[str, int], Sequence[str]]
"""Ids of the passages nearest to a text, up to so many."""
Progress = Callable[[str, int, int], None]

NEAREST_TO_ALL, NEAREST_TO_PART = 60, 20
"""Passages that are looked for by the whole claim, and by each key point."""
MOST_PAPERS = 40
"""Papers that are compared: those with the most passages found, as reciprocal ranks count them."""
SHOWN = 5
SAMPLE = 2_000
"""Passages by which the rarity of words is judged."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found: the score, and the papers that come nearest."""

    score: float
    nearest: tuple[dict[str, Any], ...]
    """``paper_id, title, year, overlap, key_points: [{name, strength, passage_id, start, end}]``."""


def claim_of(row: Hypothesis, embedder: Embedder) -> Claim:
    """What a hypothesis puts forward; one without key points is its statement alone."""
    parts = [
        (point.name, f"{point.name}: {point.role}" if point.role else point.name) for point in row.key_points
    ]
    vectors = embedder.embed([row.statement, *(meant for _, meant in parts)])
    names = tuple(name for name, _ in parts)
    return Claim(names, tuple(words_of(name) for name in names), vectors)


def check_run(
    database: Database,
    workspace_id: str,
    run_id: str,
    embedder: Embedder,
    find: Find,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Look at every hypothesis of a run and keep what is found; their scores by id.

    Each is kept when it is done: broken off and called again, nothing is lost. Raises NotFound.
    """
    with database.read() as session:
        Hypotheses(session, workspace_id).titles(run_id)  # whether there is such a run
        rows = Novelties(session, workspace_id).hypotheses(run_id)
        session.expunge_all()
    rare = _rarity(database, workspace_id)
    scores = {}
    for place, row in enumerate(rows):
        if progress is not None:
            progress("Comparing with what is published", place, len(rows))
        scores[row.id] = _check(database, workspace_id, row, embedder, find, rare).score
    if progress is not None and rows:
        progress("Comparing with what is published", len(rows), len(rows))
    return scores


def check_hypothesis(
    database: Database, workspace_id: str, hypothesis_id: str, embedder: Embedder, find: Find
) -> Checked:
    """Look at one hypothesis and keep what is found (NotFound ``hypothesis_not_found``)."""
    with database.read() as session:
        row = Hypotheses(session, workspace_id).get(hypothesis_id)
    return _check(database, workspace_id, row, embedder, find, _rarity(database, workspace_id))


def _check(
    database: Database, workspace_id: str, row: Hypothesis, embedder: Embedder, find: Find, rare: Rarity
) -> Checked:
    claim = claim_of(row, embedder)
    found = [find(row.statement, NEAREST_TO_ALL), *(find(part, NEAREST_TO_PART) for part in claim.parts)]
    with database.read() as session:
        novelties = Novelties(session, workspace_id)
        papers = _likely(found, novelties.passages(embedder.name, {one for ids in found for one in ids}))
        overlaps = compare(claim, published(novelties.passages_of(embedder.name, papers)), rare)
        titles = novelties.titles([one.paper_id for one in overlaps[:SHOWN]])
    score = overlaps[0].novelty if overlaps else novelty(0.0)
    checked = Checked(score, tuple(told(one, claim, titles) for one in overlaps[:SHOWN]))
    with database.write() as session:
        Novelties(session, workspace_id).keep(row.id, checked.score, checked.nearest, embedder.name)
    return checked


def told(overlap: Overlap, claim: Claim, titles: dict[str, tuple[str, int | None]]) -> dict[str, Any]:
    """An overlap as it is kept."""
    title, year = titles[overlap.paper_id]
    return {
        "paper_id": overlap.paper_id,
        "title": title,
        "year": year,
        "overlap": overlap.overlap,
        "score": overlap.novelty,
        "key_points": [
            {"name": claim.parts[one.part], **{k: v for k, v in asdict(one).items() if k != "part"}}
            for one in overlap.stated
        ],
    }


def published(rows: Sequence[Told]) -> list[Published]:
    """Passages as they are compared."""
    return [
        Published(
            one.id,
            one.paper_id,
            one.text,
            None if one.vector is None else np.frombuffer(one.vector, dtype="<f4"),
        )
        for one in rows
    ]


def _likely(found: Sequence[Sequence[str]], passages: Sequence[Told]) -> list[str]:
    """The papers that were found the most, by reciprocal ranks over all searches."""
    paper_of = {passage.id: passage.paper_id for passage in passages}
    worth: dict[str, float] = {}
    for ids in found:
        best: dict[str, float] = {}
        for rank, one in enumerate(ids):
            if one in paper_of:
                best.setdefault(paper_of[one], 1.0 / (10 + rank))
        for paper_id, value in best.items():
            worth[paper_id] = worth.get(paper_id, 0.0) + value
    return sorted(worth, key=lambda one: (-worth[one], one))[:MOST_PAPERS]


def _rarity(database: Database, workspace_id: str) -> Rarity:
    with database.read() as session:
        return rarity(Novelties(session, workspace_id).sample(SAMPLE))
