"""Hypotheses as the database keeps them, from drafts and from rows of a table, and back to drafts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agents.drafts import Brief, Clause, Draft, Evidence, KeyPoint, Reasoner
from agents.plan import LaboratorySpec, OwnCandidate
from records import models

TABLE = "table"
OWN = "own"


def row_of_draft(draft: Draft, reasoner: Reasoner, seed: int) -> models.Hypothesis:
    """A new row with everything that a draft holds, and what made it."""
    return models.Hypothesis(
        origin="literature",
        title=draft.title,
        statement=draft.statement,
        reasoner=reasoner.name,
        model=reasoner.model,
        prompt_version=reasoner.prompt_version,
        seed=seed,
        clauses=[_row_of_clause(clause) for clause in draft.clauses],
        inspirations=[models.Inspiration(passage_id=passage_id) for passage_id in draft.inspirations],
    )


def draft_of_row(row: models.Hypothesis) -> Draft:
    """The draft that a literature hypothesis was kept from."""
    return Draft(
        title=row.title,
        statement=row.statement,
        clauses=tuple(_clause_of_row(clause) for clause in row.clauses),
        inspirations=tuple(inspiration.passage_id for inspiration in row.inspirations),
    )


def rows_of_table(laboratory: LaboratorySpec) -> list[models.Hypothesis]:
    """One candidate a row of the measured table, in its order, with a key point for each column."""
    return [_row_of_features(row["features"]) for row in laboratory.rows]


def row_of_own(candidate: OwnCandidate) -> models.Hypothesis:
    """A candidate that somebody brought along, with the key points that they gave it."""
    statement = candidate.statement.strip() or candidate.title
    return models.Hypothesis(
        origin=OWN,
        title=candidate.title,
        statement=statement,
        reasoner=OWN,
        clauses=[models.Clause(kind="proposal", text=statement)],
        key_points=[models.KeyPoint(name=point.name, role=point.role) for point in candidate.key_points],
    )


def key_points_of(row: models.Hypothesis) -> tuple[KeyPoint, ...]:
    return tuple(KeyPoint(point.name, point.role) for point in row.key_points)


def brief_of(question: models.Question) -> Brief:
    return Brief(question.text, question.survey)


def shown(value: str | float) -> str:
    """A table's value as a person writes it: 105 rather than 105.0."""
    return value if isinstance(value, str) else f"{value:g}"


def _row_of_features(features: dict[str, Any]) -> models.Hypothesis:
    known = {column: value for column, value in features.items() if value is not None}
    return models.Hypothesis(
        origin=TABLE,
        title=" · ".join(shown(value) for value in known.values()),
        statement="; ".join(f"{column}: {shown(value)}" for column, value in known.items()) + ".",
        features=known,
        reasoner=TABLE,
        key_points=[models.KeyPoint(name=shown(value), role=column) for column, value in known.items()],
    )


def _row_of_clause(clause: Clause) -> models.Clause:
    return models.Clause(
        kind=clause.kind,
        text=clause.text,
        evidence=[
            models.Evidence(passage_id=item.passage_id, quote=item.quote, start=item.start, end=item.end)
            for item in clause.evidence
        ],
    )


def _clause_of_row(row: models.Clause) -> Clause:
    evidence: Sequence[models.Evidence] = row.evidence
    return Clause(
        kind=row.kind,  # type: ignore[arg-type]  # kept as text; written from a Clause and from nothing else
        text=row.text,
        evidence=tuple(Evidence(item.passage_id, item.quote, item.start, item.end) for item in evidence),
    )
