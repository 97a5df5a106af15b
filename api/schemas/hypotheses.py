"""Hypotheses with what speaks for them, where they stand and why, their clusters, and their reviews."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, field_validator, model_validator

from api.schemas.common import In, Text
from records.models import Clause, Hypothesis, Review
from records.repositories import Category

RATED = frozenset({"novelty", "feasibility", "expected_effect"})


class KeyPointOut(BaseModel):
    name: str
    role: str


class QuoteOut(BaseModel):
    """A span of a passage, word for word: ``text[start:end] == quote``."""

    passage_id: str
    quote: str
    start: int
    end: int


class ClauseOut(BaseModel):
    kind: str
    """proposal, mechanism, prediction or context."""
    text: str
    evidence: list[QuoteOut]


class Standing(BaseModel):
    """Where a candidate stands after the experiments so far."""

    rank: int
    mean: float
    sd: float
    p_best: float
    """Probability that no candidate is better."""
    expected_improvement: float
    tested: int
    failed: int


class Influence(BaseModel):
    """What one experiment does to another candidate's expected score."""

    hypothesis_id: str
    effect: float


class TraitEffect(BaseModel):
    """A trait's effect on the score, with a 95 % interval."""

    trait: str
    effect: float
    low: float
    high: float
    candidates: int
    """How many have it."""


class Explanation(BaseModel):
    """An expected score taken apart: base + belief + the effects of all experiments."""

    base: float
    belief: float
    traits: list[TraitEffect]
    speak_for: list[Influence]
    speak_against: list[Influence]


class HypothesisOut(BaseModel):
    id: str
    run_id: str
    position: int
    origin: str
    """literature, own or table."""
    title: str
    statement: str
    clauses: list[ClauseOut]
    key_points: list[KeyPointOut]
    inspirations: list[str]
    """Ids of the passages that brought in what the question's field does not have."""
    clusters: list[str]
    """Ids of the clusters that it is in."""
    standing: Standing | None
    """Null before the first ranking."""
    reasoner: str
    model: str
    prompt_version: str
    created: datetime
    version: int
    edited_by: str
    """Who wrote it as it reads now; empty where it is as it was made."""


class HypothesisDetail(HypothesisOut):
    explanation: Explanation | None
    """Of its place in the ranking; null where there is no ranking, or in very large pools."""


class ClusterOut(BaseModel):
    id: str
    name: str
    key_points: list[str]
    members: dict[str, float]
    """Hypothesis id to the share of it that lies in this cluster."""


class Clusters(BaseModel):
    clusters: list[ClusterOut]


class Advice(BaseModel):
    """Whether another experiment is worth it."""

    go_on: bool
    p_better: float
    gain: float
    reason: str


class RankedOut(Standing):
    hypothesis_id: str
    title: str


class Ranking(BaseModel):
    ranking: list[RankedOut]
    """Best first; empty before the first ranking."""
    contributions: list[TraitEffect]
    advice: Advice | None


class ReviewIn(In):
    status: Literal["pending", "draft", "submitted", "discarded"] = "submitted"
    verdict: Literal["accept", "reject"] | None = None
    reason: Annotated[Text, Field(max_length=10_000)] = ""
    ratings: Annotated[
        dict[str, Annotated[int, Field(ge=1, le=5)]],
        Field(max_length=3, default_factory=dict),
    ]

    @field_validator("ratings")
    @classmethod
    def _known(cls, ratings: dict[str, int]) -> dict[str, int]:
        if unknown := sorted(ratings.keys() - RATED):
            raise ValueError(f"{unknown[0]!r} is not rated; rate {', '.join(sorted(RATED))} from 1 to 5")
        return ratings

    @model_validator(mode="after")
    def _decided(self) -> ReviewIn:
        if self.status == "submitted" and self.verdict is None:
            raise ValueError("a submitted review accepts or rejects; keep it as a draft instead")
        return self


class ReviewOut(BaseModel):
    id: str
    hypothesis_id: str
    reviewer: str
    status: str
    verdict: str | None
    reason: str
    ratings: dict[str, Any]
    created: datetime
    version: int


def hypothesis_out(row: Hypothesis, standing: dict[str, Any] | None, clusters: list[str]) -> HypothesisOut:
    return HypothesisOut(
        id=row.id,
        run_id=row.run_id,
        position=row.position,
        origin=row.origin,
        title=row.title,
        statement=row.statement,
        clauses=[_clause(clause) for clause in row.clauses],
        key_points=[KeyPointOut(name=point.name, role=point.role) for point in row.key_points],
        inspirations=[item.passage_id for item in row.inspirations],
        clusters=clusters,
        standing=None if standing is None else Standing.model_validate(standing),
        reasoner=row.reasoner,
        model=row.model,
        prompt_version=row.prompt_version,
        created=row.created_at,
        version=row.version,
        edited_by=row.edited_by,
    )


def _clause(row: Clause) -> ClauseOut:
    evidence = [QuoteOut.model_validate(item, from_attributes=True) for item in row.evidence]
    return ClauseOut(kind=row.kind, text=row.text, evidence=evidence)


def cluster_out(row: Category) -> ClusterOut:
    return ClusterOut(id=row.id, name=row.name, key_points=list(row.key_points), members=dict(row.members))


def review_out(row: Review) -> ReviewOut:
    return ReviewOut(
        id=row.id,
        hypothesis_id=row.hypothesis_id,
        reviewer=row.reviewer,
        status=row.status,
        verdict=row.verdict,
        reason=row.reason,
        ratings=row.ratings,
        created=row.created_at,
        version=row.version,
    )
