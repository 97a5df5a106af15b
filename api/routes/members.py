"""The people of the caller's workspace: invited, promoted, shown out by its owners.

An owner invites somebody new. An account that exists, and may belong to others, is added by whoever runs the
installation (``touchstone account invite``): an owner who could make sign-in links for it could become it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.access.shown_once import keep_to_ourselves
from api.caller import Caller, CanAdmin, CanRead
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.common import In, Said
from records.errors import Conflict
from records.repositories.people import Accounts, Members, Person
from records.repositories.sign_ins import BrowserSessions, SignInLinks
from records.roles import Role
from records.secrets import keyed_digest, new_token

router = APIRouter(prefix="/v1/members", tags=["access"], route_class=Idempotent)


class MemberIn(In):
    name: Annotated[Said, Field(max_length=100)]
    """What they will type to sign in: 1 to 100 of a-z, 0-9 and . _ @ + -"""
    role: Role = "chemist"


class RoleIn(In):
    role: Role
    was: Role | None = None
    """The role that it replaces; where it is another by now, that one stays (409)."""


class MemberOut(BaseModel):
    id: str
    name: str
    role: Role
    has_password: bool
    """Whether they chose one yet."""
    created_at: datetime


class InvitedOut(MemberOut):
    sign_in: str
    """The path with which they choose a password, once and within a day; told in this answer alone."""


@router.get("")
def look_at_all(caller: CanRead, limit: Limit = 50, after: After = None) -> Page[MemberOut]:
    """The members, newest first."""
    with caller.read() as session:
        rows = Members(session, caller.workspace_id).page(limit + 1, after)
    return page_of(rows, limit, _shown, lambda person: person.member.id)


@router.get("/{member_id}")
def look(member_id: UUID, caller: CanRead) -> MemberOut:
    with caller.read() as session:
        return _shown(Members(session, caller.workspace_id).get(str(member_id)))


@router.post("", status_code=status.HTTP_201_CREATED)
def invite(asked: MemberIn, caller: CanAdmin, request: Request, response: Response) -> InvitedOut:
    """Make an account for somebody new, and a link with which they choose a password."""
    with caller.write() as session:
        account = Accounts(session).create(asked.name)
        member = Members(session, caller.workspace_id).add(account.id, asked.role)
        caller.audit(
            session, "member.invited", "member", member.id, {"name": account.name, "role": asked.role}
        )
        answer = _invited(Person(member, account), _link(caller, session, account.id))
    keep_to_ourselves(request, "a sign-in link")
    response.headers["Location"] = f"/v1/members/{member.id}"
    return answer


@router.post("/{member_id}/link", status_code=status.HTTP_201_CREATED)
def link(member_id: UUID, caller: CanAdmin, request: Request) -> InvitedOut:
    """A new link for somebody who lost theirs, or their password; older links work no longer."""
    with caller.write() as session:
        members = Members(session, caller.workspace_id)
        person = members.get(str(member_id))
        if not members.belongs_here_alone(person.account.id):
            message = "this account belongs to other workspaces too; whoever runs the installation can help"
            raise Conflict("belongs_elsewhere", message)
        caller.audit(session, "member.link_made", "member", person.member.id, {"name": person.account.name})
        answer = _invited(person, _link(caller, session, person.account.id))
    keep_to_ourselves(request, "a sign-in link")
    return answer


@router.patch("/{member_id}")
def set_role(member_id: UUID, asked: RoleIn, caller: CanAdmin) -> MemberOut:
    """Let them do more or less, from their next request on."""
    with caller.write() as session:
        person = Members(session, caller.workspace_id).set_role(str(member_id), asked.role, was=asked.was)
        told = {"name": person.account.name, "role": asked.role}
        caller.audit(session, "member.role_set", "member", person.member.id, told)
        return _shown(person)


@router.delete("/{member_id}", status_code=status.HTTP_204_NO_CONTENT)
def remove(member_id: UUID, caller: CanAdmin) -> None:
    """Show them out, from their next request on; what they did stays."""
    with caller.write() as session:
        members = Members(session, caller.workspace_id)
        alone = members.belongs_here_alone(members.get(str(member_id)).account.id)
        person = members.remove(str(member_id))
        if alone:
            BrowserSessions(session).close_all(person.account.id)
            SignInLinks(session).void(person.account.id)
        caller.audit(session, "member.removed", "member", str(member_id), {"name": person.account.name})


def _link(caller: Caller, session: Session, account_id: str) -> str:
    token = new_token()
    SignInLinks(session).make(account_id, keyed_digest(caller.context.secret, "link", token))
    return f"/sign-in?token={token}"


def _shown(person: Person) -> MemberOut:
    member, account = person.member, person.account
    shown = {"name": account.name, "has_password": account.password_hash is not None}
    row = {"id": member.id, "role": member.role, "created_at": member.created_at}
    return MemberOut.model_validate(row | shown)


def _invited(person: Person, path: str) -> InvitedOut:
    return InvitedOut(**_shown(person).model_dump(), sign_in=path)
