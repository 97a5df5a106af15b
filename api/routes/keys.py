"""API keys of the caller's workspace: made, looked at, revoked by whoever may govern it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response, status
from pydantic import BaseModel, ConfigDict, Field

from api.access.shown_once import keep_to_ourselves
from api.caller import CanAdmin
from api.idempotency import Idempotent
from api.paging import After, Limit, Page, page_of
from api.schemas.common import In, Moment, Said
from records.repositories.keys import LONGEST_NAME, Keys
from records.roles import Scope

router = APIRouter(prefix="/v1/keys", tags=["access"], route_class=Idempotent)


class KeyIn(In):
    name: Annotated[Said, Field(max_length=LONGEST_NAME)]
    """What will use it."""
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=3)] = ("read",)
    """``admin`` implies ``write``, and that ``read``."""
    expires_at: Moment | None = None


class KeyOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    prefix: str
    """The key begins with ``tsk_`` and this."""
    scopes: list[Scope]
    created_by: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    """To the minute."""


class NewKeyOut(KeyOut):
    key: str
    """The key itself, which is told this once and kept nowhere."""


@router.post("", status_code=status.HTTP_201_CREATED)
def create(asked: KeyIn, caller: CanAdmin, request: Request, response: Response) -> NewKeyOut:
    """Make a key; its text is in this answer and in no other."""
    with caller.write() as session:
        keys = Keys(session, caller.workspace_id)
        row, text = keys.create(
            caller.context.secret, asked.name, asked.scopes, caller.name, asked.expires_at
        )
        told = {"name": row.name, "prefix": row.prefix, "scopes": row.scopes}
        caller.audit(session, "key.created", "key", row.id, told)
    keep_to_ourselves(request, "the key")
    response.headers["Location"] = f"/v1/keys/{row.id}"
    return NewKeyOut(**_shown(row).model_dump(), key=text)


@router.get("")
def look_at_all(caller: CanAdmin, limit: Limit = 50, after: After = None) -> Page[KeyOut]:
    """The keys, newest first, with those that open nothing any more."""
    with caller.read() as session:
        rows = Keys(session, caller.workspace_id).page(limit + 1, after)
    return page_of(rows, limit, _shown, lambda row: row.id)


@router.get("/{key_id}")
def look(key_id: UUID, caller: CanAdmin) -> KeyOut:
    with caller.read() as session:
        return _shown(Keys(session, caller.workspace_id).get(str(key_id)))


@router.delete("/{key_id}", status_code=status.HTTP_204_NO_CONTENT)
def revoke(key_id: UUID, caller: CanAdmin) -> None:
    """Let the key open nothing from now on. It stays in the list; again changes nothing."""
    with caller.write() as session:
        if Keys(session, caller.workspace_id).revoke(str(key_id)):
            caller.audit(session, "key.revoked", "key", str(key_id))


def _shown(row: object) -> KeyOut:
    return KeyOut.model_validate(row)
