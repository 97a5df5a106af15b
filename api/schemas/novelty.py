"""How new hypotheses are, and papers that touch them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel

from records.models import Novelty, NoveltyFlag


class StatedPoint(BaseModel):
    """A key point that a paper states, and the sentence that does: ``passage.text[start:end]``."""

    name: str
    strength: float
    passage_id: str
    start: int
    end: int


class NearPaper(BaseModel):
    paper_id: str
    title: str
    year: int | None
    overlap: float
    """How much of the claim the paper states, in [0, 1]."""
    score: float
    """The hypothesis' novelty if this paper were the only one."""
    key_points: list[StatedPoint]


class NoveltyOut(BaseModel):
    """Against what is published: 1 is new, 0 is as near to a paper as that paper's abstract is to its claim.

    Before anybody looked, the score is null.
    """

    hypothesis_id: str
    score: float | None
    nearest: list[NearPaper]
    model: str | None
    checked: datetime | None


class RunNovelty(BaseModel):
    """Of those hypotheses of the run that were looked at."""

    novelties: list[NoveltyOut]


class FlagOut(BaseModel):
    """A new paper that touches a hypothesis."""

    id: str
    hypothesis_id: str
    paper_id: str
    score: float
    """The hypothesis' novelty with this paper known."""
    flagged: datetime
    seen: datetime | None
    seen_by: str


def novelty_out(hypothesis_id: str, row: Novelty | None) -> NoveltyOut:
    if row is None:
        return NoveltyOut(hypothesis_id=hypothesis_id, score=None, nearest=[], model=None, checked=None)
    return NoveltyOut(
        hypothesis_id=hypothesis_id,
        score=row.score,
        nearest=[NearPaper.model_validate(one) for one in row.nearest],
        model=row.model,
        checked=row.checked_at,
    )


def flag_out(row: NoveltyFlag) -> FlagOut:
    return FlagOut(
        id=row.id,
        hypothesis_id=row.hypothesis_id,
        paper_id=row.paper_id,
        score=row.score,
        flagged=row.created_at,
        seen=row.seen_at,
        seen_by=row.seen_by,
    )
