"""Papers that could not be taken in: why, and once more."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Query, Response, status

from api.caller import CanRead, CanWrite
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.common import JobAccepted
from api.schemas.literature import FailureOut, failure_out
from records.repositories import Failures
from workers.orders import order_retry

router = APIRouter(prefix="/v1/paper-failures", tags=["literature"], route_class=Idempotent)


@router.get("")
def failures(
    caller: CanRead,
    limit: Limit = 50,
    after: After = None,
    feed_id: Annotated[UUID | None, Query(description="Only what came from this feed.")] = None,
    resolved: Annotated[bool, Query(description="Also those that came in after all.")] = False,
) -> Page[FailureOut]:
    """Papers that could not be taken in, newest first."""
    feed = None if feed_id is None else str(feed_id)
    with caller.read() as session:
        rows = Failures(session, caller.workspace_id).page(limit + 1, after, feed_id=feed, resolved=resolved)
    return page_of(rows, limit, failure_out, lambda row: row.id)


@router.get("/{failure_id}")
def failure(failure_id: UUID, caller: CanRead) -> FailureOut:
    """One paper that could not be taken in."""
    with caller.read() as session:
        return failure_out(Failures(session, caller.workspace_id).get(str(failure_id)))


@router.post("/{failure_id}/retry", status_code=status.HTTP_202_ACCEPTED)
def retry(failure_id: UUID, caller: CanWrite, after: BackgroundTasks, response: Response) -> JobAccepted:
    """Have its source asked, or its file read, once more."""
    with caller.write() as session:
        row = Failures(session, caller.workspace_id).get(str(failure_id))
        job = order_retry(session, row, request_id=caller.request_id, created_by=caller.name)
        caller.audit(session, "paper.retried", "paper_failure", row.id, {"key": row.key})
    after.add_task(caller.ring)
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return JobAccepted(job_id=job.id)
