"""Runs: what was asked, how far they are, and what happened to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from api.schemas.experiments import ExperimentOut
from records.models import Run, RunEvent


class RunSummary(BaseModel):
    id: str
    state: str
    """created, running, waiting (for a chemist), paused, done, stopped (budget), failed or cancelled."""
    wanted: str
    """What a person asked of it and it has not done yet: pause, cancel, or nothing."""
    stage: str
    """The last step that ended."""
    question: str
    created: datetime
    created_by: str
    finished: datetime | None
    cloned_from: str | None
    failure: str | None
    """Why it failed, where it did."""


class RunOut(RunSummary):
    survey: str
    plan: dict[str, Any]
    """Without the ground truth of a simulated laboratory: whoever ranks must not see it."""
    papers: int
    hypotheses: int
    experiments: list[ExperimentOut]
    seconds: dict[str, float]
    """Time by stage."""
    notes: list[str]
    costs: Costs
    best: str | None
    """Title of the hypothesis that ranks first, as far as it is known."""


class Costs(BaseModel):
    """Of calls to a language model."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float
    currency: str


class EventOut(BaseModel):
    id: str
    kind: str
    """state, stage, progress, experiment, result, hypothesis (edited) or ranking (worked out again)."""
    detail: dict[str, Any]
    at: datetime


def summary_of(run: Run, question: str) -> RunSummary:
    return RunSummary(
        id=run.id,
        state=run.state,
        wanted=run.control,
        stage=run.stage,
        question=question,
        created=run.created_at,
        created_by=run.created_by,
        finished=run.finished_at,
        cloned_from=run.cloned_from,
        failure=run.outcome.get("failure") if run.state == "failed" else None,
    )


def shown_plan(plan: dict[str, Any]) -> dict[str, Any]:
    laboratory = {key: plan["laboratory"][key] for key in ("kind", "label") if key in plan["laboratory"]}
    return {**plan, "laboratory": laboratory}


def event_out(row: RunEvent) -> EventOut:
    return EventOut(id=row.id, kind=row.kind, detail=row.detail, at=row.created_at)
