"""Housekeeping: what has had its time is thrown away."""

from __future__ import annotations

from config import Settings
from records.models import Job
from records.repositories.retention import throw_away
from workers.opened import database


def retention(settings: Settings, job: Job) -> dict[str, int]:
    """Throw away what nobody needs any more, step by step; how much of each."""
    thrown = throw_away(database(), job.workspace_id, settings.worker.keep_days)
    database().optimize()
    return thrown
