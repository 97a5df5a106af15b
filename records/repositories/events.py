"""What happened to a run, for whoever follows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.errors import NotFound
from records.models import Run, RunEvent


class RunEvents:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(self, run_id: str, kind: str, detail: Mapping[str, Any]) -> RunEvent:
        """Say that something happened; the run is the caller's to have looked up."""
        event = RunEvent(run_id=run_id, kind=kind, detail=dict(detail))
        self._session.add(event)
        self._session.flush()
        return event

    def after(self, run_id: str, event_id: str | None = None, limit: int = 100) -> list[RunEvent]:
        """The run's events behind this one (or from the first on), oldest first."""
        mine = select(Run.id).where(Run.id == run_id, Run.workspace_id == self._workspace_id)
        if self._session.scalar(mine) is None:
            raise NotFound("run_not_found", f"there is no run {run_id} in this workspace")
        query = select(RunEvent).where(RunEvent.run_id == run_id)
        if event_id is not None:
            query = query.where(RunEvent.id > event_id)
        return list(self._session.scalars(query.order_by(RunEvent.id).limit(limit)))


def first_id_at(moment: datetime) -> str:
    """The least id (UUIDv7) that anything made at this time may have."""
    milliseconds = int(moment.timestamp() * 1000)
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}-7000-8000-000000000000"
