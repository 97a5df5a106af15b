"""Novelty: hypotheses against what is published, and new papers that touch them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.common import JobAccepted
from api.schemas.novelty import FlagOut, NoveltyOut, RunNovelty, flag_out, novelty_out
from records.repositories import Hypotheses, Novelties, Runs
from workers.orders import order_novelty

router = APIRouter(prefix="/v1", tags=["literature"], route_class=Idempotent)


@router.get("/hypotheses/{hypothesis_id}/novelty")
def of_hypothesis(hypothesis_id: UUID, caller: CanRead) -> NoveltyOut:
    """How new a hypothesis is, and the published statements that come nearest."""
    with caller.read() as session:
        row = Hypotheses(session, caller.workspace_id).get(str(hypothesis_id))
        found = Novelties(session, caller.workspace_id).find(row.id)
    return novelty_out(row.id, found)


@router.get("/runs/{run_id}/novelty")
def of_run(run_id: UUID, caller: CanRead) -> RunNovelty:
    """How new a run's hypotheses are, the newest first."""
    with caller.read() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        found = Novelties(session, caller.workspace_id).of_run(run.id)
    rows = sorted(found.values(), key=lambda row: (-row.score, row.hypothesis_id))
    return RunNovelty(novelties=[novelty_out(row.hypothesis_id, row) for row in rows])


@router.post("/runs/{run_id}/novelty", status_code=status.HTTP_202_ACCEPTED)
def check(run_id: UUID, caller: CanWrite, after: BackgroundTasks, response: Response) -> JobAccepted:
    """Have a run's hypotheses held against all that is published by now."""
    with caller.write() as session:
        run = Runs(session, caller.workspace_id).get(str(run_id))
        told = {"request_id": caller.request_id, "created_by": caller.name}
        job = order_novelty(session, caller.workspace_id, run.id, **told)
        caller.audit(session, "novelty.asked", "run", run.id)
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobAccepted(job_id=job.id)


@router.get("/novelty/flags")
def flags(
    caller: CanRead,
    limit: Limit = 50,
    after: After = None,
    seen: Annotated[bool | None, Query(description="Only those that somebody has seen, or has not.")] = None,
    run_id: Annotated[UUID | None, Query(description="Only of this run's hypotheses.")] = None,
) -> Page[FlagOut]:
    """New papers that touch hypotheses, the latest first."""
    of_run = None if run_id is None else str(run_id)
    with caller.read() as session:
        rows = Novelties(session, caller.workspace_id).flags(limit + 1, after, seen=seen, run_id=of_run)
    return page_of(rows, limit, flag_out, lambda row: row.id)


@router.post("/novelty/flags/{flag_id}/seen")
def see(flag_id: UUID, caller: CanWrite) -> FlagOut:
    """Say that you have seen it; who saw it first is remembered."""
    with caller.write() as session:
        row = Novelties(session, caller.workspace_id).see(str(flag_id), caller.name)
        caller.audit(session, "flag.seen", "hypothesis", row.hypothesis_id, {"paper_id": row.paper_id})
    return flag_out(row)
