"""How work gets done and is accounted for: model calls, jobs, the outbox, the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class ModelCall(Base):
    """A call to a language model that was paid for; the answer is kept, so nobody pays for it twice."""

    __tablename__ = "model_call"
    __table_args__ = (UniqueConstraint("run_id", "call_key"),)

    id: Mapped[Id]
    run_id: Mapped[str] = mapped_column(ref("run.id"))
    call_key: Mapped[str] = mapped_column(String(64))
    """SHA-256 of everything that decides the answer: model, messages, schema, seed, attempt."""
    purpose: Mapped[str] = mapped_column(String(40))
    model: Mapped[str] = mapped_column(String(200))
    prompt_version: Mapped[str] = mapped_column(String(40))
    answer: Mapped[str] = mapped_column(Text)
    finish_reason: Mapped[str] = mapped_column(String(40), default="")
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    cost: Mapped[float] = mapped_column(default=0.0)
    seconds: Mapped[float] = mapped_column(default=0.0)
    created_at: Mapped[Created]


class Job(Base):
    """A piece of work for a worker; the row is the truth, the broker only rings the bell."""

    __tablename__ = "job"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    kind: Mapped[str] = mapped_column(String(40))
    queue: Mapped[str] = mapped_column(String(40))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), default="queued", index=True)
    """queued, leased, done, dead, cancelled."""
    attempt: Mapped[int] = mapped_column(default=0)
    """Counts claims, and fences: whoever holds an older attempt can no longer change the row."""
    max_attempts: Mapped[int] = mapped_column(default=3)
    lease_until: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    """Why the last attempt failed."""
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """What came of it, where that is no row of its own."""
    request_id: Mapped[str] = mapped_column(String(64), default="")
    """Of the request that ordered it, so that logs can be read together."""
    created_by: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[Created]
    started_at: Mapped[datetime | None]
    """When it was last claimed."""
    finished_at: Mapped[datetime | None] = mapped_column(index=True)


class Outbox(Base):
    """A message to the broker, written in the transaction that makes it necessary and sent after it."""

    __tablename__ = "outbox"

    id: Mapped[Id]
    job_id: Mapped[str] = mapped_column(ref("job.id"), index=True)
    task: Mapped[str] = mapped_column(String(120))
    queue: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[Created]
    sent_at: Mapped[datetime | None] = mapped_column(index=True)


class AuditEvent(Base):
    """Who changed what, and when; only ever added to."""

    __tablename__ = "audit_event"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    actor: Mapped[str] = mapped_column(String(120))
    action: Mapped[str] = mapped_column(String(80))
    subject_kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(36))
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[Created]
