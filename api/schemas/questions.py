"""A question and how it is to be answered.

``PlanIn.stored`` writes the plan that ``agents.plan.Plan`` reads; the web process does not import ``agents``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from api.schemas.common import In, NotNegative, Number, Said, Text


class TraitIn(In):
    name: Annotated[Said, Field(max_length=500)]
    role: Annotated[Text, Field(max_length=500)] = ""


class KeyPointIn(TraitIn):
    weight: Annotated[Number, Field(gt=0)]


class TruthIn(In):
    """The hidden ground truth of a simulated laboratory, and how it answers."""

    key_points: Annotated[list[KeyPointIn], Field(min_length=1, max_length=100)]
    sigma2: Annotated[Number, Field(gt=0)] = 1000.0
    noise: NotNegative = 0.05
    landscape: Annotated[int, Field(ge=0, le=3)] = 0
    failure_rate: Annotated[Number, Field(ge=0, le=1)] = 0.0
    cost: NotNegative = 1.0


class SimulatedIn(In):
    kind: Literal["simulated"]
    truth: TruthIn


class UnmeasuredIn(In):
    """A chemist who enters results as they come (``human``), or no experiments at all (``none``)."""

    kind: Literal["human", "none"]


class RowIn(In):
    """A row of a measured table: its settings, and what was measured with them (null for a failure)."""

    features: Annotated[
        dict[Annotated[Said, Field(max_length=200)], Annotated[Text, Field(max_length=2_000)] | Number],
        Field(min_length=1, max_length=50),
    ]
    values: Annotated[tuple[Number | None, ...], Field(min_length=1, max_length=100)]


class RecordedIn(In):
    """A table that answers for the bench; its rows are the candidates."""

    kind: Literal["recorded"]
    column: Annotated[Said, Field(max_length=200)]
    """What was measured."""
    rows: Annotated[tuple[RowIn, ...], Field(min_length=2, max_length=10_000)]

    @model_validator(mode="after")
    def _told_apart(self) -> RecordedIn:
        keys = [_key(row) for row in self.rows]
        if len(set(keys)) < len(keys):
            raise ValueError("two rows have the same features: put their values into one row")
        return self


def _key(row: RowIn) -> str:
    return " | ".join(f"{name}={value}" for name, value in row.features.items())


LaboratoryIn = Annotated[SimulatedIn | RecordedIn | UnmeasuredIn, Field(discriminator="kind")]
ReasonerName = Literal["extractive", "llm"]
PolicyName = Literal["surrogate", "linear", "cluster", "epistemic", "greedy", "prior", "random"]


class KnownIn(In):
    """A result that is there before the run begins: a score, or without one a failure."""

    score: Number | None = None
    sem: NotNegative | None = None
    unit: Annotated[Text, Field(max_length=40)] = ""
    cost: NotNegative = 0.0
    source: Annotated[Said, Field(max_length=200)] = "known before"
    note: Annotated[Text, Field(max_length=10_000)] = ""

    @model_validator(mode="after")
    def _whole(self) -> KnownIn:
        if self.score is None and self.sem is not None:
            raise ValueError("a failed experiment has no standard error")
        return self


class CandidateIn(In):
    """A hypothesis of the caller's own, ranked beside those from the literature."""

    title: Annotated[Said, Field(max_length=1_000)]
    statement: Annotated[Text, Field(max_length=10_000)] = ""
    key_points: Annotated[tuple[TraitIn, ...], Field(max_length=50)] = ()
    """Its functional traits; without any, the reasoner looks for them in the statement."""
    results: Annotated[tuple[KnownIn, ...], Field(max_length=100)] = ()


class PlanIn(In):
    """How to answer a question; everything has a default."""

    reasoner: ReasonerName = "extractive"
    laboratory: LaboratoryIn = UnmeasuredIn(kind="human")
    hypotheses: Annotated[int, Field(ge=0, le=500)] = 24
    """To be found in the literature; none, where only own candidates are to be ranked."""
    budget: Annotated[int, Field(ge=1, le=10_000)] = 10
    batch: Annotated[int, Field(ge=1, le=10_000)] = 1
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    policy: PolicyName = "surrogate"
    passages: Annotated[int, Field(ge=2, le=1000)] = 60
    candidates: Annotated[tuple[CandidateIn, ...], Field(max_length=10_000)] = ()
    token_budget: Annotated[int, Field(ge=1)] | None = None
    """Tokens that a language model may use for this run, below what the installation allows."""
    money_budget: Annotated[Number, Field(gt=0)] | None = None
    """Money, likewise."""

    def stored(self) -> dict[str, Any]:
        """The plan as a run keeps it."""
        plan = self.model_dump(mode="json")
        laboratory = plan["laboratory"]
        if isinstance(self.laboratory, RecordedIn):
            laboratory["label"] = f"recorded:inline:{self.laboratory.column}"
            laboratory["rows"] = [
                {"key": _key(row), **told}
                for row, told in zip(self.laboratory.rows, laboratory["rows"], strict=True)
            ]
        else:
            kind = self.laboratory.kind
            laboratory["label"] = "simulated:inline" if kind == "simulated" else kind
        return plan

    @model_validator(mode="after")
    def _something_to_rank(self) -> PlanIn:
        if self.laboratory.kind != "recorded" and self.hypotheses + len(self.candidates) < 2:
            raise ValueError(
                "there is nothing to rank: ask for two hypotheses or bring candidates of your own"
            )
        return self


class QuestionIn(In):
    question: Annotated[Said, Field(max_length=4_000)]
    survey: Annotated[Text, Field(max_length=40_000)] = ""
    """Background: what the field has tried so far."""
    paper_ids: Annotated[list[str], Field(max_length=100_000)] | None = None
    """The papers that may be read; without them, all of the workspace."""
    plan: PlanIn = PlanIn()


class CloneIn(In):
    """What the copy does otherwise; what is left out stays as it was."""

    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    budget: Annotated[int, Field(ge=1, le=10_000)] | None = None
    batch: Annotated[int, Field(ge=1, le=10_000)] | None = None
    policy: PolicyName | None = None
    reasoner: ReasonerName | None = None
    hypotheses: Annotated[int, Field(ge=0, le=500)] | None = None
    laboratory: LaboratoryIn | None = None


class RerankIn(In):
    policy: PolicyName | None = None
    """By which from now on; without one, by the run's own."""


class RunAccepted(BaseModel):
    id: str
    state: str
