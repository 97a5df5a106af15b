"""Workspaces: the tenants."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.errors import BadInput, NotFound
from records.models import Workspace
from records.repositories.common import find_or_insert


class Workspaces:
    def __init__(self, session: Session) -> None:
        self._session = session

    def get_or_create(self, name: str) -> Workspace:
        """The workspace of this name (1 to 120 characters)."""
        if not 1 <= len(name) <= 120:
            raise BadInput("bad_workspace", "a workspace's name has 1 to 120 characters")
        return find_or_insert(self._session, lambda: self.find(name), Workspace(name=name))

    def get(self, workspace_id: str) -> Workspace:
        found = self._session.get(Workspace, workspace_id)
        if found is None:
            raise NotFound("workspace_not_found", f"there is no workspace {workspace_id}")
        return found

    def find(self, name: str) -> Workspace | None:
        return self._session.scalar(select(Workspace).where(Workspace.name == name))
