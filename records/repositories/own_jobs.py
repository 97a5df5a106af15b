"""The jobs of one workspace, as its people see and steer them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session

from records.base import now
from records.errors import Conflict, NotFound
from records.models import Job
from records.repositories.jobs import Jobs

ANEW = 3
"""Attempts that a job gets when somebody has it tried again."""


class OwnJobs:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def get(self, job_id: str) -> Job:
        mine = Job.id == job_id, Job.workspace_id == self._workspace_id
        job = self._session.scalar(select(Job).where(*mine), execution_options={"populate_existing": True})
        if job is None:
            raise NotFound("job_not_found", f"there is no job {job_id} in this workspace")
        return job

    def page(
        self, limit: int, after: str | None = None, *, state: str | None = None, kind: str | None = None
    ) -> list[Job]:
        """Jobs older than ``after``, newest first."""
        query = select(Job).where(Job.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(Job.id < after)
        if state is not None:
            query = query.where(Job.state == state)
        if kind is not None:
            query = query.where(Job.kind == kind)
        return list(self._session.scalars(query.order_by(Job.id.desc()).limit(limit)))

    def retry(self, job_id: str) -> Job:
        """Queue a dead or cancelled job again, with new attempts (Conflict ``job_not_ended`` for others).

        The attempts are counted on, not from 0: whoever held an old one must not hold the new one.
        """
        change = {
            "state": "queued",
            "max_attempts": Job.attempt + ANEW,
            "finished_at": None,
            "reason": "",
        }
        return self._change(
            job_id, ("dead", "cancelled"), change, "job_not_ended", "only a dead or cancelled"
        )

    def cancel(self, job_id: str) -> Job:
        """Call off a job that no worker has taken (Conflict ``job_not_queued`` for others)."""
        change = {"state": "cancelled", "finished_at": now(), "reason": "it was called off"}
        return self._change(job_id, ("queued",), change, "job_not_queued", "only a waiting")

    def _change(
        self, job_id: str, states: tuple[str, ...], change: Mapping[str, Any], code: str, which: str
    ) -> Job:
        mine = and_(Job.id == job_id, Job.workspace_id == self._workspace_id, Job.state.in_(states))
        statement = update(Job).where(mine).values(**change).returning(Job.id)
        if self._session.scalar(statement, execution_options={"synchronize_session": False}) is None:
            job = self.get(job_id)
            raise Conflict(code, f"job {job_id} is {job.state}: {which} job can be treated so")
        if change["state"] == "queued":
            Jobs(self._session).ring(job_id)
        return self.get(job_id)
