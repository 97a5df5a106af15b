"""Jobs, and what came of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from records.models import Job

JobState = Literal["queued", "leased", "done", "dead", "cancelled"]


class JobOut(BaseModel):
    id: str
    kind: str
    queue: str
    state: JobState
    """queued, leased (a worker is at it), done, dead (it will not be tried again), cancelled."""
    attempt: int
    max_attempts: int
    reason: str
    """Why the last attempt failed; of a dead job, why it died."""
    payload: dict[str, Any]
    """What it is about."""
    result: dict[str, Any] | None
    """What came of it, where that is nothing of its own."""
    request_id: str
    """Of the request that ordered it."""
    created: datetime
    created_by: str
    started: datetime | None
    """When a worker last took it."""
    finished: datetime | None


def job_out(job: Job) -> JobOut:
    return JobOut(
        id=job.id,
        kind=job.kind,
        queue=job.queue,
        state=job.state,  # type: ignore[arg-type]
        attempt=job.attempt,
        max_attempts=job.max_attempts,
        reason=job.reason,
        payload=job.payload,
        result=job.result,
        request_id=job.request_id,
        created=job.created_at,
        created_by=job.created_by,
        started=job.started_at,
        finished=job.finished_at,
    )
