"""Figures of the whole installation, for whoever watches it: counts, and nothing that anybody wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from records.base import now
from records.models import AuditEvent, Job, ModelCall, Run
from records.repositories.events import first_id_at

LEASE_EXPIRED = "job.lease_expired"
"""The audit event of a worker that went silent."""

RECENT = timedelta(hours=24)
MOST_RUNS = 500
"""Of the recent runs, so many of the newest are looked at."""


@dataclass(frozen=True, slots=True)
class Use:
    """Of a language model."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    cost: float


@dataclass(frozen=True, slots=True)
class Durations:
    count: int
    total: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class Figures:
    jobs: Mapping[tuple[str, str], int]
    """By queue and state."""
    oldest: Mapping[str, float]
    """Seconds that the first waiting job of a queue has waited."""
    attempts: Mapping[str, int]
    """By kind of job: how often jobs that are kept were tried."""
    expired: int
    """Leases of workers that went silent, in the last 24 hours."""
    models: Mapping[str, Use]
    runs: Mapping[str, int]
    """By state."""
    stages: Mapping[str, Durations]
    """Of runs that ended in the last 24 hours."""


def figures(session: Session) -> Figures:
    return Figures(
        jobs={
            (queue, state): count
            for queue, state, count in session.execute(
                select(Job.queue, Job.state, func.count()).group_by(Job.queue, Job.state)
            )
        },
        oldest=_oldest(session),
        attempts=dict(session.execute(select(Job.kind, func.sum(Job.attempt)).group_by(Job.kind)).all()),
        expired=_expired(session),
        models=_models(session),
        runs=dict(session.execute(select(Run.state, func.count()).group_by(Run.state)).all()),
        stages=_stages(session),
    )


def _oldest(session: Session) -> dict[str, float]:
    query = select(Job.queue, func.min(Job.id)).where(Job.state == "queued").group_by(Job.queue)
    first = dict(session.execute(query).all())
    created = dict(session.execute(select(Job.id, Job.created_at).where(Job.id.in_(first.values()))).all())
    at = now()
    return {queue: (at - created[job_id]).total_seconds() for queue, job_id in first.items()}


def _expired(session: Session) -> int:
    recent = AuditEvent.id >= first_id_at(now() - RECENT), AuditEvent.action == LEASE_EXPIRED
    return session.scalar(select(func.count()).select_from(AuditEvent).where(*recent)) or 0


def _models(session: Session) -> dict[str, Use]:
    query = select(
        ModelCall.model,
        func.count(),
        func.sum(ModelCall.prompt_tokens),
        func.sum(ModelCall.completion_tokens),
        func.sum(ModelCall.cost),
    ).group_by(ModelCall.model)
    return {
        model: Use(calls, int(prompt), int(completion), float(cost))
        for model, calls, prompt, completion, cost in session.execute(query)
    }


def _stages(session: Session) -> dict[str, Durations]:
    query = select(Run.outcome).where(Run.finished_at >= now() - RECENT).order_by(Run.id.desc())
    found: dict[str, Durations] = {}
    for outcome in session.scalars(query.limit(MOST_RUNS)):
        for stage, seconds in outcome.get("seconds", {}).items():
            before = found.get(stage, Durations(0, 0.0))
            found[stage] = Durations(before.count + 1, before.total + float(seconds))
    return found
