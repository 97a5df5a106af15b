"""Runs: looking at them, and telling them to pause, to go on, to end, to rank again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response, status

from api.caller import Caller, CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.experiments import experiment_out
from api.schemas.questions import CloneIn, PlanIn, RerankIn, RunAccepted
from api.schemas.runs import Costs, RunOut, RunSummary, shown_plan, summary_of
from api.updates import order_update, standings_of
from api.versions import etag
from records import repositories
from records.errors import Conflict
from records.models import Run
from records.repositories import Experiments, ModelCalls, RunControl, Runs
from workers.orders import order_run

router = APIRouter(prefix="/v1/runs", tags=["runs"], route_class=Idempotent)

State = Literal["created", "running", "waiting", "paused", "done", "stopped", "failed", "cancelled"]


@router.get("")
def list_runs(
    caller: CanRead, limit: Limit = 50, after: After = None, state: Annotated[State | None, Query()] = None
) -> Page[RunSummary]:
    """The workspace's runs, newest first."""
    with caller.read() as session:
        runs = Runs(session, caller.workspace_id)
        rows = runs.page(limit + 1, after, state)
        texts = runs.questions(rows)
        return page_of(rows, limit, lambda run: summary_of(run, texts[run.question_id]), lambda run: run.id)


@router.get("/{run_id}")
def look(run_id: UUID, caller: CanRead, response: Response) -> RunOut:
    """How far a run is, what it waits for, and what ranks first."""
    with caller.read() as session:
        runs = Runs(session, caller.workspace_id)
        run = runs.get(str(run_id))
        question = runs.question(run.id)
        papers = runs.count_papers(run.id)
        experiments = Experiments(session, caller.workspace_id).of_run(run.id)
        hypotheses = repositories.Hypotheses(session, caller.workspace_id)
        count = hypotheses.count(run.id)
        first = next(iter(standings_of(run)), None)
        best = None if first is None else hypotheses.title(run.id, first)
        costs = ModelCalls(session).totals(run.id)
    response.headers["ETag"] = etag(run.version)
    return RunOut(
        **summary_of(run, question.text).model_dump(),
        survey=question.survey,
        plan=shown_plan(run.plan),
        papers=papers,
        hypotheses=count,
        experiments=[experiment_out(row) for row in experiments],
        seconds=run.outcome.get("seconds", {}),
        notes=run.outcome.get("notes", []),
        costs=Costs(
            calls=costs.calls,
            prompt_tokens=costs.prompt_tokens,
            completion_tokens=costs.completion_tokens,
            cost=costs.cost,
            currency=run.outcome.get("currency", ""),
        ),
        best=best,
    )


@router.post("/{run_id}/pause")
def pause(run_id: UUID, caller: CanWrite) -> RunSummary:
    """Pause before the next step."""
    return _control(caller, str(run_id), "run.paused", RunControl.pause)


@router.post("/{run_id}/cancel")
def cancel(run_id: UUID, caller: CanWrite) -> RunSummary:
    """End it before the next step; what it has stays."""
    return _control(caller, str(run_id), "run.cancelled", RunControl.cancel)


@router.post("/{run_id}/resume")
def resume(run_id: UUID, caller: CanWrite, after: BackgroundTasks) -> RunSummary:
    """Let a paused run, or one that failed, go on from where it was."""
    answer = _control(caller, str(run_id), "run.resumed", RunControl.resume, go_on=True)
    after.add_task(caller.ring)
    return answer


@router.post("/{run_id}/rerank", status_code=status.HTTP_202_ACCEPTED)
def rerank(
    run_id: UUID, caller: CanWrite, after: BackgroundTasks, asked: RerankIn | None = None
) -> RunAccepted:
    """Rank again with every result there is, by another policy if one is named."""
    with caller.write() as session:
        runs = Runs(session, caller.workspace_id)
        run = runs.get(str(run_id))
        if asked is not None and asked.policy is not None:
            runs.set_plan(run.id, {"policy": asked.policy})
        if run.state == "cancelled":
            raise Conflict("run_is_over", "this run was cancelled; clone it instead")
        order_update(caller, session, run)
        detail = {"policy": run.plan.get("policy")}
        caller.audit(session, "run.reranked", "run", run.id, detail)
    after.add_task(caller.ring)
    return RunAccepted(id=run.id, state=run.state)


@router.post("/{run_id}/clone", status_code=status.HTTP_202_ACCEPTED)
def clone(
    run_id: UUID, caller: CanWrite, after: BackgroundTasks, response: Response, changed: CloneIn | None = None
) -> RunAccepted:
    """Ask the same question of the same papers again, with another seed, laboratory or budget."""
    with caller.write() as session:
        runs = Runs(session, caller.workspace_id)
        old = runs.get(str(run_id))
        question = runs.question(old.id)
        new = runs.create(
            question.text,
            question.survey,
            _changed(old, changed or CloneIn()),
            runs.paper_ids(old.id),
            created_by=caller.name,
            cloned_from=old.id,
        )
        order_run(session, caller.workspace_id, new.id, request_id=caller.request_id, created_by=caller.name)
        caller.audit(session, "run.cloned", "run", new.id, {"from": old.id})
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/runs/{new.id}"
    return RunAccepted(id=new.id, state=new.state)


def _changed(old: Run, changed: CloneIn) -> dict[str, object]:
    """The old run's plan with the changes; the laboratory as a plan keeps it."""
    plan = {**old.plan, **changed.model_dump(exclude={"laboratory"}, exclude_none=True)}
    if changed.laboratory is not None:
        plan["laboratory"] = PlanIn(laboratory=changed.laboratory).stored()["laboratory"]
    return plan


def _control(
    caller: Caller,
    run_id: str,
    action: str,
    obey: Callable[[RunControl, str], Run],
    *,
    go_on: bool = False,
) -> RunSummary:
    with caller.write() as session:
        run = obey(RunControl(session, caller.workspace_id), run_id)
        if go_on:
            order_run(
                session, caller.workspace_id, run.id, request_id=caller.request_id, created_by=caller.name
            )
        caller.audit(session, action, "run", run.id)
        question = Runs(session, caller.workspace_id).question(run.id)
    return summary_of(run, question.text)
