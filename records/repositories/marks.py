"""What is noted on the hypotheses of a run beside what people say of them: for filters and columns."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.models import Experiment, Hypothesis, KeyPoint, Novelty


def having_trait(session: Session, workspace_id: str, run_id: str, trait: str) -> set[str]:
    """Ids of those with this trait: a key point's name, in a table the column's before it (``base: DBU``)."""
    column, _, value = trait.partition(": ")
    query = (
        select(KeyPoint.hypothesis_id)
        .join(Hypothesis, Hypothesis.id == KeyPoint.hypothesis_id)
        .where(Hypothesis.run_id == run_id, Hypothesis.workspace_id == workspace_id)
        .where((KeyPoint.name == trait) | ((KeyPoint.role == column) & (KeyPoint.name == value)))
    )
    return set(session.scalars(query))


def waiting_for_results(session: Session, workspace_id: str, run_id: str) -> set[str]:
    """Ids of those that an experiment waits on."""
    query = select(Experiment.hypothesis_id).where(
        Experiment.run_id == run_id, Experiment.workspace_id == workspace_id, Experiment.state == "pending"
    )
    return set(session.scalars(query))


def novelty_of(session: Session, workspace_id: str, run_id: str) -> dict[str, float]:
    """Id to novelty, from 0 to 1, where it was looked for."""
    query = (
        select(Novelty.hypothesis_id, Novelty.score)
        .join(Hypothesis, Hypothesis.id == Novelty.hypothesis_id)
        .where(Hypothesis.run_id == run_id, Novelty.workspace_id == workspace_id)
    )
    return {row.hypothesis_id: row.score for row in session.execute(query)}
