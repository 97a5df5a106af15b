"""Looking at a run, and telling it what came of an experiment."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, status

from api.context import InContext
from api.schemas import (
    ClauseOut,
    ExperimentOut,
    Hypotheses,
    HypothesisOut,
    KeyPointOut,
    QuoteOut,
    ResultIn,
    ResultOut,
    RunOut,
)
from records import repositories
from records.errors import NotFound
from records.models import Clause, Experiment, Hypothesis
from records.repositories import Audit, Experiments, Runs
from records.repositories.runs import FINAL
from workers.orders import order_run

router = APIRouter(prefix="/v1/runs", tags=["runs"])


@router.get("/{run_id}")
def look(run_id: UUID, context: InContext) -> RunOut:
    """How far a run is, what it waits for, and what ranks first."""
    with context.database.read() as session:
        runs = Runs(session, context.workspace_id)
        run = runs.get(str(run_id))
        question = runs.question(run.id)
        papers = runs.paper_ids(run.id)
        experiments = Experiments(session, context.workspace_id).of_run(run.id)
        first = next(iter(_standings(run.outcome)), None)
        hypotheses = repositories.Hypotheses(session, context.workspace_id)
        best = None if first is None else hypotheses.title(run.id, first)
    return RunOut(
        id=run.id,
        state=run.state,
        stage=run.stage,
        question=question.text,
        created=run.created_at,
        finished=run.finished_at,
        plan=_without_truth(run.plan),
        papers=len(papers),
        experiments=[_experiment(row) for row in experiments],
        best=best,
        failure=run.outcome.get("failure") if run.state == "failed" else None,
    )


@router.get("/{run_id}/hypotheses")
def hypotheses(run_id: UUID, context: InContext) -> Hypotheses:
    """The run's hypotheses with what speaks for them, best first."""
    with context.database.read() as session:
        run = Runs(session, context.workspace_id).get(str(run_id))
        rows = repositories.Hypotheses(session, context.workspace_id).of_run(run.id)
    standing = _standings(run.outcome)
    order = {position: place for place, position in enumerate(standing)}
    rows.sort(key=lambda row: (order.get(row.position, len(order)), row.position))
    return Hypotheses(hypotheses=[_hypothesis(row, standing.get(row.position, {})) for row in rows])


@router.post("/{run_id}/experiments/{experiment_id}/results", status_code=status.HTTP_201_CREATED)
def enter_result(
    run_id: UUID, experiment_id: UUID, result: ResultIn, context: InContext, after: BackgroundTasks
) -> ExperimentOut:
    """Enter what a chemist measured, or that it failed; the run goes on with it.

    The same again changes nothing.
    """
    with context.database.write() as session:
        run = Runs(session, context.workspace_id).get(str(run_id))
        experiments = Experiments(session, context.workspace_id)
        experiment = experiments.get(str(experiment_id))
        if experiment.run_id != run.id:
            raise NotFound("experiment_not_found", f"there is no experiment {experiment_id} in run {run_id}")
        told = result.model_dump(exclude={"replicate"})
        experiments.record(experiment.id, result.replicate, **told)
        Audit(session, context.workspace_id).add(
            "local", "result.entered", "experiment", experiment.id, result.model_dump(mode="json")
        )
        # Also while the run is at work: it may have looked for results a moment ago.
        if run.state not in FINAL:
            order_run(session, context.workspace_id, run.id)
        answer = _experiment(experiment)
    after.add_task(context.ring)
    return answer


def _standings(outcome: dict[str, Any]) -> dict[int, dict[str, Any]]:
    """Position to standing, best first; empty before the first ranking."""
    return {entry["position"]: entry for entry in outcome.get("standings", [])}


def _without_truth(plan: dict[str, Any]) -> dict[str, Any]:
    laboratory = {key: plan["laboratory"][key] for key in ("kind", "label") if key in plan["laboratory"]}
    return {**plan, "laboratory": laboratory}


def _experiment(row: Experiment) -> ExperimentOut:
    results = [ResultOut.model_validate(result, from_attributes=True) for result in row.results]
    return ExperimentOut(
        id=row.id,
        sequence=row.sequence,
        hypothesis_id=row.hypothesis_id,
        state=row.state,
        recommended_by=row.recommended_by,
        results=results,
    )


def _hypothesis(row: Hypothesis, standing: dict[str, Any]) -> HypothesisOut:
    return HypothesisOut(
        id=row.id,
        position=row.position,
        rank=standing.get("rank"),
        mean=standing.get("mean"),
        sd=standing.get("sd"),
        p_best=standing.get("p_best"),
        origin=row.origin,
        title=row.title,
        statement=row.statement,
        clauses=[_clause(clause) for clause in row.clauses],
        key_points=[KeyPointOut(name=point.name, role=point.role) for point in row.key_points],
        reasoner=row.reasoner,
        model=row.model,
    )


def _clause(row: Clause) -> ClauseOut:
    evidence = [QuoteOut.model_validate(item, from_attributes=True) for item in row.evidence]
    return ClauseOut(kind=row.kind, text=row.text, evidence=evidence)
