"""What a job that will not be tried again means for its run."""

from __future__ import annotations

from sqlalchemy.orm import Session

from records.errors import NotFound
from records.models import Job
from records.repositories import Runs


def tell_run(session: Session, job: Job) -> None:
    """Where the job is dead, its run has failed, for the same reason; in the transaction that buried it."""
    run_id = job.payload.get("run_id")
    if job.state != "dead" or run_id is None:
        return
    runs = Runs(session, job.workspace_id)
    try:
        runs.set_state(run_id, "failed")
    except NotFound:
        return  # the run was deleted meanwhile: nobody is left to tell
    runs.set_outcome(run_id, {"failure": job.reason})
