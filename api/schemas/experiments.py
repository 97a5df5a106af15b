"""Experiments and their results."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, Field, model_validator

from api.schemas.common import In, Moment, NotNegative, Number, Said, Text
from records.models import Experiment, Result


class _Measured(In):
    status: Literal["done", "failed"] = "done"
    score: Number | None = None
    sem: NotNegative | None = None
    """Its standard error, in the same unit."""
    unit: Annotated[Text, Field(max_length=40)] = ""
    cost: NotNegative = 0.0
    note: Annotated[Text, Field(max_length=10_000)] = ""
    measured_at: Moment | None = None

    @model_validator(mode="after")
    def _scored_or_failed(self) -> _Measured:
        if self.status == "done" and self.score is None:
            raise ValueError(
                "a measured result needs a score; if there was none to be had, its status is failed"
            )
        if self.status == "failed" and (self.score is not None or self.sem is not None):
            raise ValueError("a failed experiment has neither a score nor a standard error")
        return self


class ResultIn(_Measured):
    """What came of an experiment: a score, or the fact that there was none to be had."""

    source: Annotated[Said, Field(max_length=200)] | None = None
    """Who or what measured it; without a name, whoever asks."""
    replicate: Annotated[int, Field(ge=0, le=10_000)] = 0


class AmendedIn(_Measured):
    """The whole result as it should be."""

    source: Annotated[Said, Field(max_length=200)]


class ChosenIn(In):
    hypothesis_id: Annotated[str, Field(min_length=1, max_length=36)]


class ResultOut(BaseModel):
    id: str
    replicate: int
    status: str
    """done, failed or withdrawn."""
    score: float | None
    sem: float | None
    unit: str
    cost: float
    source: str
    note: str
    measured_at: datetime | None
    entered_by: str
    entered: datetime
    version: int


class ExperimentOut(BaseModel):
    id: str
    run_id: str
    sequence: int
    hypothesis_id: str
    state: str
    """pending, done, failed or abandoned."""
    recommended_by: str
    created: datetime
    finished: datetime | None
    results: list[ResultOut]


class NextOut(BaseModel):
    """An experiment that waits to be done, and why it was chosen."""

    experiment: ExperimentOut
    title: str
    statement: str
    mean: float | None
    sd: float | None
    p_best: float | None
    expected_improvement: float | None


class Entered(BaseModel):
    """Results that were entered together."""

    results: list[ResultOut]


def result_out(row: Result) -> ResultOut:
    return ResultOut(
        id=row.id,
        replicate=row.replicate,
        status=row.status,
        score=row.score,
        sem=row.sem,
        unit=row.unit,
        cost=row.cost,
        source=row.source,
        note=row.note,
        measured_at=row.measured_at,
        entered_by=row.entered_by,
        entered=row.created_at,
        version=row.version,
    )


def experiment_out(row: Experiment) -> ExperimentOut:
    return ExperimentOut(
        id=row.id,
        run_id=row.run_id,
        sequence=row.sequence,
        hypothesis_id=row.hypothesis_id,
        state=row.state,
        recommended_by=row.recommended_by,
        created=row.created_at,
        finished=row.finished_at,
        results=[result_out(result) for result in row.results],
    )
