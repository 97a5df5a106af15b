"""What is asked and answered, as JSON.

``PlanIn.stored`` writes the plan that ``agents.plan.Plan`` reads; the web process does not import ``agents``.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator


def _no_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("a text cannot hold NUL characters")
    return text


def _said(text: str) -> str:
    if not text.strip():
        raise ValueError("say something: this is blank")
    return text.strip()


Text = Annotated[str, AfterValidator(_no_nul)]
Said = Annotated[Text, AfterValidator(_said)]
Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[Number, Field(ge=0)]


class _In(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class KeyPointIn(_In):
    name: Annotated[Said, Field(max_length=500)]
    role: Annotated[Text, Field(max_length=500)] = ""
    weight: Annotated[Number, Field(gt=0)]


class TruthIn(_In):
    """The hidden ground truth of a simulated laboratory, and how it answers."""

    key_points: Annotated[list[KeyPointIn], Field(min_length=1, max_length=100)]
    sigma2: Annotated[Number, Field(gt=0)] = 1000.0
    noise: NotNegative = 0.05
    landscape: Annotated[int, Field(ge=0, le=3)] = 0
    failure_rate: Annotated[Number, Field(ge=0, le=1)] = 0.0
    cost: NotNegative = 1.0


class SimulatedIn(_In):
    kind: Literal["simulated"]
    truth: TruthIn


class UnmeasuredIn(_In):
    """A chemist who enters results as they come (``human``), or no experiments at all (``none``)."""

    kind: Literal["human", "none"]


LaboratoryIn = Annotated[SimulatedIn | UnmeasuredIn, Field(discriminator="kind")]


class PlanIn(_In):
    """How to answer a question; everything has a default."""

    reasoner: Literal["extractive", "llm"] = "extractive"
    laboratory: LaboratoryIn = UnmeasuredIn(kind="human")
    hypotheses: Annotated[int, Field(ge=2, le=500)] = 24
    budget: Annotated[int, Field(ge=1, le=10_000)] = 10
    batch: Annotated[int, Field(ge=1, le=10_000)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    policy: Literal["surrogate", "random", "prior"] = "surrogate"
    passages: Annotated[int, Field(ge=2, le=1000)] = 60

    def stored(self) -> dict[str, Any]:
        """The plan as a run keeps it."""
        plan = self.model_dump(mode="json")
        label = "simulated:inline" if isinstance(self.laboratory, SimulatedIn) else self.laboratory.kind
        return {**plan, "laboratory": {**plan["laboratory"], "label": label}}


class QuestionIn(_In):
    question: Annotated[Said, Field(max_length=4_000)]
    survey: Annotated[Text, Field(max_length=40_000)] = ""
    """Background: what the field has tried so far."""
    paper_ids: Annotated[list[str], Field(max_length=100_000)] | None = None
    """The papers that may be read; without them, all of the workspace."""
    plan: PlanIn = PlanIn()


class ResultIn(_In):
    """What came of an experiment: a score, or the fact that there was none to be had."""

    status: Literal["done", "failed"] = "done"
    score: Number | None = None
    sem: NotNegative | None = None
    unit: Annotated[Text, Field(max_length=40)] = ""
    cost: NotNegative = 0.0
    source: Annotated[Said, Field(max_length=200)]
    """Who says so."""
    note: Annotated[Text, Field(max_length=10_000)] = ""
    replicate: Annotated[int, Field(ge=0, le=10_000)] = 0

    @model_validator(mode="after")
    def _scored_or_failed(self) -> ResultIn:
        if self.status == "done" and self.score is None:
            raise ValueError(
                "a measured result needs a score; if there was none to be had, its status is failed"
            )
        if self.status == "failed" and (self.score is not None or self.sem is not None):
            raise ValueError("a failed experiment has neither a score nor a standard error")
        return self


class RunAccepted(BaseModel):
    id: str
    state: str


class ResultOut(BaseModel):
    replicate: int
    status: str
    score: float | None
    sem: float | None
    unit: str
    cost: float
    source: str
    note: str


class ExperimentOut(BaseModel):
    id: str
    sequence: int
    hypothesis_id: str
    state: str
    recommended_by: str
    results: list[ResultOut]


class RunOut(BaseModel):
    id: str
    state: str
    stage: str
    question: str
    created: datetime
    finished: datetime | None
    plan: dict[str, Any]
    """Without the ground truth of a simulated laboratory: whoever ranks must not see it."""
    papers: int
    experiments: list[ExperimentOut]
    best: str | None
    """The hypothesis that ranks first, as far as it is known."""
    failure: str | None


class KeyPointOut(BaseModel):
    name: str
    role: str


class QuoteOut(BaseModel):
    passage_id: str
    quote: str
    start: int
    end: int


class ClauseOut(BaseModel):
    kind: str
    text: str
    evidence: list[QuoteOut]


class HypothesisOut(BaseModel):
    id: str
    position: int
    rank: int | None
    mean: float | None
    sd: float | None
    p_best: float | None
    origin: str
    title: str
    statement: str
    clauses: list[ClauseOut]
    key_points: list[KeyPointOut]
    reasoner: str
    model: str


class Hypotheses(BaseModel):
    hypotheses: list[HypothesisOut]
    """Best first once they are ranked, before that in the reasoner's order."""
