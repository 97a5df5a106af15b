"""What to test next, and what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response, status
from sqlalchemy.orm import Session

from api.caller import Caller, CanRead, CanWrite
from api.idempotency import Idempotent
from api.schemas.experiments import (
    AmendedIn,
    ChosenIn,
    ExperimentOut,
    NextOut,
    ResultIn,
    ResultOut,
    experiment_out,
    result_out,
)
from api.updates import order_update, standings_of
from api.versions import IfMatch, check_version, etag
from records import repositories
from records.models import Experiment, Hypothesis, Result, Run
from records.repositories import Experiments, RunEvents, Runs

router = APIRouter(prefix="/v1", tags=["experiments"], route_class=Idempotent)

State = Literal["pending", "done", "failed", "abandoned"]


@router.get("/runs/{run_id}/experiments")
def experiments(
    run_id: UUID, caller: CanRead, state: Annotated[State | None, Query()] = None
) -> list[ExperimentOut]:
    """The run's experiments in the order in which they were asked for, with their results."""
    with caller.read() as session:
        Runs(session, caller.workspace_id).get(str(run_id))
        rows = Experiments(session, caller.workspace_id).of_run(str(run_id))
    return [experiment_out(row) for row in rows if state is None or row.state == state]


@router.get("/runs/{run_id}/next")
def next_experiments(run_id: UUID, caller: CanRead) -> list[NextOut]:
    """What waits to be tested, with what is expected of it."""
    with caller.read() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        hypotheses = repositories.Hypotheses(session, caller.workspace_id)
        rows = Experiments(session, caller.workspace_id).of_run(run.id)
        pending = [row for row in rows if row.state == "pending"]
        of_id = {row.hypothesis_id: hypotheses.get(row.hypothesis_id) for row in pending}
    standing = standings_of(run)
    return [_next(row, of_id[row.hypothesis_id], standing) for row in pending]


def _next(row: Experiment, hypothesis: Hypothesis, standings: dict[int, dict[str, Any]]) -> NextOut:
    standing = standings.get(hypothesis.position, {})
    return NextOut(
        experiment=experiment_out(row),
        title=hypothesis.title,
        statement=hypothesis.statement,
        mean=standing.get("mean"),
        sd=standing.get("sd"),
        p_best=standing.get("p_best"),
        expected_improvement=standing.get("expected_improvement"),
    )


@router.post("/runs/{run_id}/experiments", status_code=status.HTTP_201_CREATED)
def choose(run_id: UUID, chosen: ChosenIn, caller: CanWrite) -> ExperimentOut:
    """Test a hypothesis that no policy asked for; the experiment then waits for its result."""
    with caller.write() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        row = Experiments(session, caller.workspace_id).choose(
            run.id,
            chosen.hypothesis_id,
            caller.name[:40],
            _expected(session, caller, run, chosen.hypothesis_id),
        )
        caller.audit(session, "experiment.chosen", "experiment", row.id)
        return experiment_out(row)


def _expected(session: Session, caller: Caller, run: Run, hypothesis_id: str) -> tuple[float, float] | None:
    """What the ranking expects of it now; nothing before the first result, when no scale is known."""
    standings = standings_of(run)
    if not any(one["tested"] for one in standings.values()):
        return None
    position = repositories.Hypotheses(session, caller.workspace_id).get(hypothesis_id).position
    told = standings.get(position)
    return None if told is None else (told["mean"], told["sd"])


@router.get("/experiments/{experiment_id}")
def experiment(experiment_id: UUID, caller: CanRead) -> ExperimentOut:
    """One experiment with its results."""
    with caller.read() as session:
        return experiment_out(Experiments(session, caller.workspace_id).get(str(experiment_id)))


@router.post("/experiments/{experiment_id}/abandon")
def abandon(experiment_id: UUID, caller: CanWrite, after: BackgroundTasks) -> ExperimentOut:
    """Nobody will do it: the run goes on without it, and does not ask for it again."""
    with caller.write() as session:
        row = Experiments(session, caller.workspace_id).abandon(str(experiment_id))
        caller.audit(session, "experiment.abandoned", "experiment", row.id)
        _go_on(caller, session, row.run_id)
        answer = experiment_out(row)
    after.add_task(caller.ring)
    return answer


@router.post("/experiments/{experiment_id}/results", status_code=status.HTTP_201_CREATED)
def enter_result(
    experiment_id: UUID, result: ResultIn, caller: CanWrite, after: BackgroundTasks, response: Response
) -> ResultOut:
    """Enter what was measured, or that it failed; the run goes on with it. The same again changes nothing."""
    with caller.write() as session:
        row = record(caller, session, str(experiment_id), result)
        _go_on(caller, session, Experiments(session, caller.workspace_id).get(str(experiment_id)).run_id)
    after.add_task(caller.ring)
    response.headers["ETag"] = etag(row.version)
    response.headers["Location"] = f"/v1/results/{row.id}"
    return result_out(row)


def record(caller: Caller, session: Session, experiment_id: str, result: ResultIn) -> Result:
    """Keep one result, who entered it, and the event that tells of it."""
    experiments = Experiments(session, caller.workspace_id)
    told = result.model_dump(exclude={"replicate", "source"})
    source = result.source or caller.name
    row = experiments.record(experiment_id, result.replicate, **told, source=source, entered_by=caller.name)
    _tell(caller, session, row, "result.entered")
    return row


@router.get("/results/{result_id}")
def look_at_result(result_id: UUID, caller: CanRead, response: Response) -> ResultOut:
    """One result; its ETag is what changing it needs."""
    with caller.read() as session:
        row = Experiments(session, caller.workspace_id).result(str(result_id))
    response.headers["ETag"] = etag(row.version)
    return result_out(row)


@router.put("/results/{result_id}")
def amend(
    result_id: UUID,
    amended: AmendedIn,
    caller: CanWrite,
    after: BackgroundTasks,
    response: Response,
    if_match: IfMatch = None,
) -> ResultOut:
    """Correct a result: the whole of it, as it should be. What it was stays in the audit trail."""
    with caller.write() as session:
        experiments = Experiments(session, caller.workspace_id)
        row = experiments.result(str(result_id))
        check_version(if_match, row.version, result_out(row))
        before = result_out(row).model_dump(mode="json")
        experiments.amend(row, **amended.model_dump(), entered_by=caller.name)
        _tell(caller, session, row, "result.amended", before)
        _go_on(caller, session, experiments.get(row.experiment_id).run_id)
    after.add_task(caller.ring)
    response.headers["ETag"] = etag(row.version)
    return result_out(row)


@router.delete("/results/{result_id}")
def withdraw(
    result_id: UUID, caller: CanWrite, after: BackgroundTasks, response: Response, if_match: IfMatch = None
) -> ResultOut:
    """It no longer counts; it stays to be seen, and its experiment waits again where a person measures."""
    with caller.write() as session:
        experiments = Experiments(session, caller.workspace_id)
        row = experiments.result(str(result_id))
        check_version(if_match, row.version, result_out(row))
        before = result_out(row).model_dump(mode="json")
        run = Runs(session, caller.workspace_id).get(experiments.get(row.experiment_id).run_id)
        by_hand = run.plan["laboratory"]["kind"] == "human"
        experiments.withdraw(row, "pending" if by_hand else "abandoned")
        _tell(caller, session, row, "result.withdrawn", before)
        order_update(caller, session, run)
    after.add_task(caller.ring)
    response.headers["ETag"] = etag(row.version)
    return result_out(row)


def _tell(
    caller: Caller, session: Session, row: Result, action: str, before: dict[str, Any] | None = None
) -> None:
    shown = result_out(row).model_dump(mode="json")
    caller.audit(session, action, "result", row.id, {"now": shown, "before": before})
    run_id = Experiments(session, caller.workspace_id).get(row.experiment_id).run_id
    detail = {"experiment_id": row.experiment_id, "result_id": row.id, "what": action, "score": row.score}
    RunEvents(session, caller.workspace_id).add(run_id, "result", detail)


def _go_on(caller: Caller, session: Session, run_id: str) -> None:
    order_update(caller, session, Runs(session, caller.workspace_id).get(run_id))
