"""Which hypotheses rest on a paper."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.models import Clause, Evidence, Hypothesis, Inspiration, Passage


class Citing(NamedTuple):
    """A hypothesis that quotes a paper, or was inspired by it."""

    id: str
    title: str
    run_id: str


def citing(session: Session, workspace_id: str, paper_id: str, limit: int = 50) -> list[Citing]:
    """The newest hypotheses of the workspace that rest on a passage of the paper."""
    passages = select(Passage.id).where(Passage.paper_id == paper_id)
    quoted = (
        select(Clause.hypothesis_id)
        .join(Evidence, Evidence.clause_id == Clause.id)
        .where(Evidence.passage_id.in_(passages))
    )
    inspired = select(Inspiration.hypothesis_id).where(Inspiration.passage_id.in_(passages))
    query = (
        select(Hypothesis.id, Hypothesis.title, Hypothesis.run_id)
        .where(Hypothesis.workspace_id == workspace_id)
        .where(Hypothesis.id.in_(quoted) | Hypothesis.id.in_(inspired))
        .order_by(Hypothesis.id.desc())
        .limit(limit)
    )
    return [Citing(*row) for row in session.execute(query)]
