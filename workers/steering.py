"""What a person may do to a job: have it tried again, or call it off."""

from __future__ import annotations

from sqlalchemy.orm import Session

from records.errors import Conflict
from records.models import Job
from records.repositories import OwnJobs, RunControl, Runs
from workers.orders import RANK_BATCH, RUN_QUESTION

INSTEAD = {
    RUN_QUESTION: "cancel its run: POST /v1/runs/{run_id}/cancel",
    RANK_BATCH: "cancel its batch: POST /v1/batches/{batch_id}/cancel",
}
"""Jobs that are a part of something, which has to know."""


def retry(session: Session, workspace_id: str, job_id: str) -> Job:
    """Have a dead or cancelled job tried again, and its failed run go on (Conflict ``job_not_ended``)."""
    job = OwnJobs(session, workspace_id).retry(job_id)
    if job.kind == RUN_QUESTION:
        run_id: str = job.payload["run_id"]
        if Runs(session, workspace_id).get(run_id).state == "failed":
            RunControl(session, workspace_id).resume(run_id)
    return job


def cancel(session: Session, workspace_id: str, job_id: str) -> Job:
    """Call off a job that no worker has taken.

    Raises Conflict ``job_not_queued``, and ``cancel_the_whole`` for a part of a run or a batch.
    """
    jobs = OwnJobs(session, workspace_id)
    job = jobs.get(job_id)
    if job.kind in INSTEAD:
        raise Conflict("cancel_the_whole", f"this job is a part; {INSTEAD[job.kind].format(**job.payload)}")
    return jobs.cancel(job_id)
