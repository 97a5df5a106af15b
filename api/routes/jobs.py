"""Jobs: how far they are, why they failed, and having them tried again."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.jobs import JobOut, JobState, job_out
from records.repositories import OwnJobs
from workers import steering

router = APIRouter(prefix="/v1/jobs", tags=["jobs"], route_class=Idempotent)


@router.get("")
def jobs(
    caller: CanRead,
    limit: Limit = 50,
    after: After = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
    kind: Annotated[str | None, Query(max_length=40, pattern="^[a-z_]+$")] = None,
) -> Page[JobOut]:
    """The workspace's jobs, newest first; ``state=dead`` for those that somebody has to look at."""
    with caller.read() as session:
        rows = OwnJobs(session, caller.workspace_id).page(limit + 1, after, state=state, kind=kind)
    return page_of(rows, limit, job_out, lambda row: row.id)


@router.get("/{job_id}")
def job(job_id: UUID, caller: CanRead) -> JobOut:
    """One job: its state, what it failed of, and its result."""
    with caller.read() as session:
        return job_out(OwnJobs(session, caller.workspace_id).get(str(job_id)))


@router.post("/{job_id}/retry", status_code=status.HTTP_202_ACCEPTED)
def retry(job_id: UUID, caller: CanWrite, after: BackgroundTasks) -> JobOut:
    """Have a dead or cancelled job tried again; a run that failed with it goes on."""
    with caller.write() as session:
        row = steering.retry(session, caller.workspace_id, str(job_id))
        caller.audit(session, "job.retried", "job", row.id)
    after.add_task(caller.ring)
    return job_out(row)


@router.post("/{job_id}/cancel")
def cancel(job_id: UUID, caller: CanWrite) -> JobOut:
    """Call off a job that no worker has taken; runs and batches are cancelled as a whole."""
    with caller.write() as session:
        row = steering.cancel(session, caller.workspace_id, str(job_id))
        caller.audit(session, "job.cancelled", "job", row.id)
    return job_out(row)
