"""Feeds: new papers come by themselves, each once; and what failed to come is tried again."""

from __future__ import annotations

from typing import Any

from config import Settings
from records.errors import NotFound
from records.models import Job, PaperFailure
from records.repositories import Failures
from workers.opened import database, shelf
from workers.orders import order_feed

SHARE_TO_FETCH = 0.5
"""Of a job's time; what is not fetched in it is left to another job, and the rest is for embedding."""


def run_feed(settings: Settings, job: Job) -> dict[str, Any] | None:
    """Look into a feed, or with ``failure_ids`` only at what failed; the result is kept in the feed too.

    A source that is down is told of in the result; the job is done, and the next time will show.
    """
    from knowledge.arrivals import welcome
    from knowledge.feeding import look_into, try_again, welcomed

    feed_id, workspace_id = job.payload["feed_id"], job.workspace_id
    library = shelf.library(settings, workspace_id)
    failures = _failures(workspace_id, job.payload.get("failure_ids", []))
    try:
        if failures:
            fetched = try_again(database(), settings, workspace_id, feed_id, failures)
        else:
            seconds = settings.worker.limits.run_feed * SHARE_TO_FETCH
            fetched = look_into(database(), settings, workspace_id, feed_id, seconds=seconds)
        touched = welcome(library, database(), workspace_id, fetched.added_ids)
        welcomed(database(), workspace_id, feed_id)
    except NotFound:
        return None  # it was deleted meanwhile
    if fetched.result["more"]:
        with database().write() as session:
            order_feed(session, workspace_id, feed_id, request_id=job.request_id, created_by=job.created_by)
    return {**fetched.result, "touched": touched}


def _failures(workspace_id: str, failure_ids: list[str]) -> list[PaperFailure]:
    with database().read() as session:
        failures = Failures(session, workspace_id)
        return [failures.get(one) for one in failure_ids]
