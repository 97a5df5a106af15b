"""Workspaces: the tenants."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.errors import BadInput, Conflict, NotFound
from records.models import Workspace
from records.repositories.common import find_or_insert


class Workspaces:
    def __init__(self, session: Session) -> None:
        self._session = session

    def get_or_create(self, name: str) -> Workspace:
        """The workspace of this name (1 to 120 characters)."""
        _check(name)
        return find_or_insert(self._session, lambda: self.find(name), Workspace(name=name))

    def create(self, name: str) -> Workspace:
        """A new workspace (BadInput ``bad_workspace``, Conflict ``workspace_exists``)."""
        _check(name)
        made = Workspace(name=name)
        if find_or_insert(self._session, lambda: self.find(name), made) is not made:
            raise Conflict("workspace_exists", f"the name {name} is taken; choose another")
        return made

    def all(self) -> list[Workspace]:
        """Every tenant, for whoever runs the installation."""
        return list(self._session.scalars(select(Workspace).order_by(Workspace.id)))

    def get(self, workspace_id: str) -> Workspace:
        found = self._session.get(Workspace, workspace_id)
        if found is None:
            raise NotFound("workspace_not_found", f"there is no workspace {workspace_id}")
        return found

    def ids(self) -> list[str]:
        return list(self._session.scalars(select(Workspace.id).order_by(Workspace.id)))

    def hold(self, workspace_id: str) -> None:
        """Until the transaction ends, nobody else holds this workspace."""
        self._session.execute(
            select(Workspace.id).where(Workspace.id == workspace_id).with_for_update(key_share=True)
        )

    def find(self, name: str) -> Workspace | None:
        return self._session.scalar(select(Workspace).where(Workspace.name == name))


def _check(name: str) -> None:
    if not 1 <= len(name) <= 120:
        raise BadInput("bad_workspace", "a workspace's name has 1 to 120 characters")
