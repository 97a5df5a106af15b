"""Jobs and the bell that is rung for them: the row is the truth, the broker only wakes a worker.

A worker claims a job and gets an attempt number; every later change names it, so that a worker that
was given up for dead and comes back changes nothing. Workers serve all workspaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, null, or_, select, update
from sqlalchemy.orm import Session

from records.base import now
from records.errors import NotFound
from records.models import Job, Outbox


class Jobs:
    def __init__(self, session: Session) -> None:
        self._session = session

    def enqueue(
        self,
        workspace_id: str,
        kind: str,
        queue: str,
        payload: Mapping[str, Any],
        task: str,
        *,
        max_attempts: int = 3,
        request_id: str = "",
        created_by: str = "",
    ) -> Job:
        """A job, and the message that will ring for it once the transaction is kept."""
        job = Job(
            workspace_id=workspace_id,
            kind=kind,
            queue=queue,
            payload=dict(payload),
            max_attempts=max_attempts,
            request_id=request_id,
            created_by=created_by,
        )
        self._session.add(job)
        self._session.flush()
        self._session.add(Outbox(job_id=job.id, task=task, queue=queue))
        self._session.flush()
        return job

    def get(self, job_id: str) -> Job:
        job = self._session.scalar(select(Job).where(Job.id == job_id), execution_options=_FRESH)
        if job is None:
            raise NotFound("job_not_found", f"there is no job {job_id}")
        return job

    def recent(self, limit: int = 50) -> list[Job]:
        """The newest jobs first."""
        return list(self._session.scalars(select(Job).order_by(Job.id.desc()).limit(limit)))

    def last_ordered(self, workspace_id: str, kind: str) -> datetime | None:
        """When the workspace's newest job of this kind was ordered."""
        query = select(Job.created_at).where(Job.workspace_id == workspace_id, Job.kind == kind)
        return self._session.scalar(query.order_by(Job.id.desc()).limit(1))

    def claim(self, job_id: str, lease_s: float) -> int | None:
        """Take the job for ``lease_s`` seconds: the attempt's number, or None when it is not to be had."""
        at = now()
        free = or_(Job.state == "queued", _lapsed(at))
        change = {
            "state": "leased",
            "attempt": Job.attempt + 1,
            "lease_until": at + timedelta(seconds=lease_s),
            "heartbeat_at": at,
            "started_at": at,
        }
        return self._change(change, Job.id == job_id, free, Job.attempt < Job.max_attempts)

    def heartbeat(self, job_id: str, attempt: int, lease_s: float) -> bool:
        """Prolong the lease; False when the job is no longer this attempt's."""
        at = now()
        change = {"lease_until": at + timedelta(seconds=lease_s), "heartbeat_at": at}
        return self._change(change, *_held(job_id, attempt)) is not None

    def finish(self, job_id: str, attempt: int, result: Mapping[str, Any] | None = None) -> bool:
        """The job is done, with this result; False when it is no longer this attempt's."""
        kept = None if result is None else dict(result)
        change = {
            "state": "done",
            "lease_until": None,
            "finished_at": now(),
            "reason": "",
            "result": null() if kept is None else kept,
        }
        return self._change(change, *_held(job_id, attempt)) is not None

    def fail(self, job_id: str, attempt: int, reason: str, *, again: bool = True) -> bool:
        """This attempt failed: queue the job again, or bury it after its last attempt or if not ``again``."""
        held = _held(job_id, attempt)
        if again:
            change = {"state": "queued", "lease_until": None, "reason": reason}
            if self._change(change, *held, Job.attempt < Job.max_attempts) is not None:
                self.ring(job_id)
                return True
        return self._change(_buried(reason), *held) is not None

    def postpone(self, job_id: str, attempt: int, delay_s: float) -> bool:
        """Try again after ``delay_s`` seconds, once the reconciler finds it; this attempt does not count."""
        change = {
            "lease_until": now() + timedelta(seconds=delay_s),
            "max_attempts": Job.max_attempts + 1,
        }
        return self._change(change, *_held(job_id, attempt)) is not None

    def hand_back(self, job_id: str, attempt: int) -> bool:
        """The worker has to end: queue the job again, at once and without counting this attempt."""
        change = {
            "state": "queued",
            "lease_until": None,
            "max_attempts": Job.max_attempts + 1,
            "reason": "its worker was told to stop",
        }
        if self._change(change, *_held(job_id, attempt)) is None:
            return False
        self.ring(job_id)
        return True

    def expired(self) -> list[str]:
        """Ids of jobs whose worker has gone silent, oldest first."""
        return list(self._session.scalars(select(Job.id).where(_lapsed(now())).order_by(Job.id)))

    def unheard(self, patience_s: float) -> list[str]:
        """Ids of queued jobs whose message the broker seems to have lost.

        Their last bell was rung longer ago than ``patience_s``, and in all that time workers took nothing
        from their queue, or they took a younger job. A job that only waits its turn is not rung for again:
        in a long queue that would make more messages than can be heard.
        """
        since = now() - timedelta(seconds=patience_s)
        rung = select(func.max(Outbox.created_at)).where(Outbox.job_id == Job.id).scalar_subquery()
        query = select(Job.id, Job.queue).where(Job.state == "queued", rung < since)
        silent = self._session.execute(query.order_by(Job.id)).all()
        if not silent:
            return []
        taken = select(Job.queue, func.max(Job.id)).where(Job.started_at >= since).group_by(Job.queue)
        youngest = dict(self._session.execute(taken).all())
        return [job_id for job_id, queue in silent if queue not in youngest or job_id < youngest[queue]]

    def bury_or_ring(self, job_id: str, losses: int = 0) -> str | None:
        """See to a job whose lease ran out: ``rung``, ``dead`` after its last attempt, None if it lives.

        Up to the attempt of this number, ``losses``, a lost worker is not held against the job: as long as
        few are lost it is more likely that something else ended them.
        """
        lapsed = (Job.id == job_id, _lapsed(now()))
        change = {"state": "queued", "lease_until": None, "reason": "the worker died or went silent"}
        forgiven = change | {"max_attempts": Job.max_attempts + 1}
        spent = Job.attempt >= Job.max_attempts
        if self._change(forgiven, *lapsed, Job.attempt <= losses) is None:
            reason = "the worker died or went silent in every attempt"
            if self._change(_buried(reason), *lapsed, spent) is not None:
                return "dead"
            if self._change(change, *lapsed) is None:
                return None
        self.ring(job_id)
        return "rung"

    def ring(self, job_id: str) -> None:
        """Write the job's message once more."""
        query = select(Outbox).where(Outbox.job_id == job_id).order_by(Outbox.id).limit(1)
        first = self._session.scalars(query).one()
        self._session.add(Outbox(job_id=job_id, task=first.task, queue=first.queue))
        self._session.flush()

    def unsent(self, limit: int = 100) -> list[Outbox]:
        """Messages that the broker has not been given, oldest first."""
        query = select(Outbox).where(Outbox.sent_at.is_(None)).order_by(Outbox.id).limit(limit)
        return list(self._session.scalars(query))

    def mark_sent(self, outbox_ids: Iterable[str]) -> None:
        self._session.execute(update(Outbox).where(Outbox.id.in_(list(outbox_ids))).values(sent_at=now()))

    def _change(self, values: Mapping[str, Any], *conditions: ColumnElement[bool]) -> int | None:
        """Change the one job that meets the conditions; its attempt, or None when there is none."""
        statement = update(Job).where(and_(*conditions)).values(**values).returning(Job.attempt)
        return self._session.scalar(statement, execution_options={"synchronize_session": False})


_FRESH = {"populate_existing": True}


def _held(job_id: str, attempt: int) -> tuple[ColumnElement[bool], ...]:
    return Job.id == job_id, Job.state == "leased", Job.attempt == attempt


def _lapsed(at: datetime) -> ColumnElement[bool]:
    return and_(Job.state == "leased", Job.lease_until < at)


def _buried(reason: str) -> dict[str, Any]:
    return {"state": "dead", "lease_until": None, "finished_at": now(), "reason": reason}
