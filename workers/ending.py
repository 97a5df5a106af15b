"""What a job that will not be tried again means for what it was about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sqlalchemy.orm import Session

from records.errors import NotFound
from records.models import Job
from records.repositories import Batches, Feeds, Runs
from workers.orders import RANK_BATCH, RUN_FEED, RUN_QUESTION, order_piece


def tell_of_the_end(session: Session, job: Job) -> None:
    """Where the job is dead, tell its run, batch or feed; in the transaction that buried it."""
    tell = TELL.get(job.kind)
    if job.state == "dead" and tell is not None:
        tell(session, job)


def _tell_run(session: Session, job: Job) -> None:
    """The run has failed, for the same reason."""
    runs, run_id = Runs(session, job.workspace_id), job.payload["run_id"]
    try:
        runs.set_state(run_id, "failed")
    except NotFound:
        return  # the run was deleted meanwhile: nobody is left to tell
    runs.set_outcome(run_id, {"failure": job.reason})


def _tell_batch(session: Session, job: Job) -> None:
    """The campaign that was at work has failed; those behind it are ordered anew."""
    batches = Batches(session, job.workspace_id)
    batch_id, first, last = (job.payload[name] for name in ("batch_id", "first", "last"))
    left = batches.waiting(batch_id, first, last)
    if not left:
        return
    batches.fail(left[0].id, job.reason)
    if len(left) > 1:
        told = {"request_id": job.request_id, "created_by": job.created_by}
        order_piece(session, job.workspace_id, batch_id, left[1].position, last, **told)
    batches.close_if_done(batch_id)


def _tell_feed(session: Session, job: Job) -> None:
    Feeds(session, job.workspace_id).looked_into(job.payload["feed_id"], {"failure": job.reason})


TELL: Mapping[str, Callable[[Session, Job], None]] = MappingProxyType(
    {RUN_QUESTION: _tell_run, RANK_BATCH: _tell_batch, RUN_FEED: _tell_feed}
)
