"""The general library: a workspace whose papers everybody may read, and only its own people change."""

from __future__ import annotations

from sqlalchemy import ColumnElement, or_, select

from records.models import Paper, Passage, Workspace

GENERAL = "general"
"""The workspace's name."""


def readable(table: type[Paper | Passage], workspace_id: str) -> ColumnElement[bool]:
    """The rows that belong to this workspace or to the general one."""
    general = select(Workspace.id).where(Workspace.name == GENERAL).scalar_subquery()
    return or_(table.workspace_id == workspace_id, table.workspace_id == general)
