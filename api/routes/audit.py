"""The audit trail of the caller's workspace."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict

from api.caller import CanAdmin
from api.paging import After, Limit, Page, page_of
from records.repositories import Audit

router = APIRouter(prefix="/v1/audit", tags=["access"])

Subject = Annotated[
    str | None, Query(max_length=40, pattern="^[a-z_]+$", description="As in `run` or `key`.")
]


class AuditEventOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    actor: str
    """An account's name, or ``key`` and a key's."""
    action: str
    subject_kind: str
    subject_id: str
    detail: dict[str, Any]
    created_at: datetime


@router.get("")
def look(
    caller: CanAdmin,
    limit: Limit = 50,
    after: After = None,
    subject_kind: Subject = None,
    subject_id: UUID | None = None,
) -> Page[AuditEventOut]:
    """Who changed what, newest first; of one kind of thing, or of one thing."""
    with caller.read() as session:
        audit = Audit(session, caller.workspace_id)
        rows = audit.page(limit + 1, after, subject_kind, None if subject_id is None else str(subject_id))
    return page_of(rows, limit, AuditEventOut.model_validate, lambda row: row.id)
