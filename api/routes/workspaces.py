"""Who the caller is, and the workspaces that they belong to."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.caller import Caller, CanRead
from api.idempotency import Idempotent
from api.problems import Refused
from api.schemas.common import In, Said
from records.errors import NotFound
from records.models import Workspace
from records.repositories import Audit, Workspaces
from records.repositories.people import Accounts, Members
from records.repositories.sign_ins import BrowserSessions
from records.roles import SCOPES, Scope

router = APIRouter(prefix="/v1", tags=["access"], route_class=Idempotent)


class WorkspaceIn(In):
    name: Annotated[Said, Field(max_length=120)]


class WorkspaceOut(BaseModel):
    id: str
    name: str
    created_at: datetime
    role: str | None
    """The caller's own; keys have none."""


class WorkspacesOut(BaseModel):
    workspaces: list[WorkspaceOut]


class MeOut(BaseModel):
    kind: Literal["key", "session"]
    name: str
    """As it stands in the audit trail."""
    scopes: list[Scope]
    workspace: WorkspaceOut
    """The one that this request is about; an account may name another of its own in X-Workspace."""


@router.get("/me")
def me(caller: CanRead) -> MeOut:
    """Who asks, where, and what they may do."""
    with caller.read() as session:
        here = next(place for place in _places(caller, session) if place.id == caller.workspace_id)
    scopes = [scope for scope in SCOPES if scope in caller.principal.scopes]
    return MeOut(kind=caller.principal.kind, name=caller.name, scopes=scopes, workspace=here)


@router.get("/workspaces")
def look_at_all(caller: CanRead) -> WorkspacesOut:
    """Those that the caller belongs to; a key belongs to one."""
    with caller.read() as session:
        return WorkspacesOut(workspaces=_places(caller, session))


@router.get("/workspaces/{workspace_id}")
def look(workspace_id: UUID, caller: CanRead) -> WorkspaceOut:
    with caller.read() as session:
        return _place(caller, session, str(workspace_id))


@router.post("/workspaces", status_code=status.HTTP_201_CREATED)
def create(asked: WorkspaceIn, caller: CanRead, response: Response) -> WorkspaceOut:
    """Make a workspace, and own it; for owners of another one, from the browser."""
    if caller.principal.kind != "session" or "admin" not in caller.principal.scopes:
        message = "workspaces are made by an owner in the browser, or with: touchstone workspace create NAME"
        raise Refused(403, "owner_needed", message)
    with caller.write() as session:
        made = Workspaces(session).create(asked.name)
        Members(session, made.id).add(caller.principal.id, "owner")
        Audit(session, made.id).add(
            caller.name, "workspace.created", "workspace", made.id, {"name": made.name}
        )
    response.headers["Location"] = f"/v1/workspaces/{made.id}"
    return _shown(made, "owner")


@router.post("/workspaces/{workspace_id}/show", status_code=status.HTTP_204_NO_CONTENT)
def show(workspace_id: UUID, caller: CanRead) -> None:
    """Look at this workspace in the browser from now on."""
    with caller.write() as session:
        place = _place(caller, session, str(workspace_id))
        if caller.principal.session_id is None:
            raise Refused(403, "session_needed", "an API key has one workspace; this is for browser sessions")
        BrowserSessions(session).show(caller.principal.session_id, place.id)
        Audit(session, place.id).add(caller.name, "workspace.shown", "workspace", place.id)


def _place(caller: Caller, session: Session, workspace_id: str) -> WorkspaceOut:
    for place in _places(caller, session):
        if place.id == workspace_id:
            return place
    raise NotFound("workspace_not_found", f"you belong to no workspace {workspace_id}")


def _places(caller: Caller, session: Session) -> list[WorkspaceOut]:
    if caller.principal.kind == "key":
        return [_shown(Workspaces(session).get(caller.workspace_id), None)]
    places = Accounts(session).workspaces(caller.principal.id)
    return [_shown(workspace, member.role) for workspace, member in places]


def _shown(row: Workspace, role: str | None) -> WorkspaceOut:
    return WorkspaceOut(id=row.id, name=row.name, created_at=row.created_at, role=role)
