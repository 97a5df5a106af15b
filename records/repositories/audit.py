"""The audit trail: added to, read, never changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.models import AuditEvent


class Audit:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(
        self,
        actor: str,
        action: str,
        subject_kind: str,
        subject_id: str,
        detail: Mapping[str, Any] | None = None,
    ) -> AuditEvent:
        """Say that ``actor`` did ``action`` (a verb and a noun, ``result.entered``) to a row."""
        event = AuditEvent(
            workspace_id=self._workspace_id,
            actor=actor,
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            detail=dict(detail or {}),
        )
        self._session.add(event)
        self._session.flush()
        return event

    def of(self, subject_kind: str, subject_id: str) -> list[AuditEvent]:
        """What happened to a row, oldest first."""
        query = select(AuditEvent).where(
            AuditEvent.workspace_id == self._workspace_id,
            AuditEvent.subject_kind == subject_kind,
            AuditEvent.subject_id == subject_id,
        )
        return list(self._session.scalars(query.order_by(AuditEvent.id)))

    def page(
        self,
        limit: int,
        after: str | None = None,
        subject_kind: str | None = None,
        subject_id: str | None = None,
    ) -> list[AuditEvent]:
        """Up to ``limit`` events, newest first, older than ``after``; of such rows, or of one."""
        query = select(AuditEvent).where(AuditEvent.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(AuditEvent.id < after)
        if subject_kind is not None:
            query = query.where(AuditEvent.subject_kind == subject_kind)
        if subject_id is not None:
            query = query.where(AuditEvent.subject_id == subject_id)
        return list(self._session.scalars(query.order_by(AuditEvent.id.desc()).limit(limit)))
