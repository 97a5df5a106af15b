"""Running a workspace: its jobs, and for owners its people, keys, budgets and audit trail."""

from __future__ import annotations

from typing import Annotated, Any, get_args
from uuid import UUID

from fastapi import APIRouter, BackgroundTasks, Form, Query, Request, Response
from pydantic import ValidationError

from api.caller import Caller
from api.pages.forms import Typed, by_field
from api.pages.rendering import go
from api.pages.visiting import Governor, PageRoute, Reader, Writer, sentence, show
from api.paging import After
from api.routes import audit, jobs, keys, members
from api.schemas.jobs import JobState
from records.errors import BadInput, Conflict
from records.repositories.accounts import spent_by_run
from records.roles import Role, Scope

router = APIRouter(prefix="/admin", include_in_schema=False, route_class=PageRoute)

Word = Annotated[str, Form(max_length=200)]
SHOWN = 50


@router.get("")
def begin(caller: Reader) -> Response:
    return go("/admin/members" if "admin" in caller.principal.scopes else "/admin/jobs")


@router.get("/jobs")
def look_at_jobs(
    request: Request, caller: Reader, state: JobState | None = None, after: After = None
) -> Response:
    """The newest first; those that nobody will try again by themselves are dead."""
    page = jobs.jobs(caller, SHOWN, after, state)
    dead = jobs.jobs(caller, 1, None, "dead").items
    values = {"here": "jobs", "page": page, "state": state, "states": get_args(JobState), "dead": bool(dead)}
    return show(request, caller, "admin_jobs.html", values)


@router.post("/jobs/{job_id}/{wish}")
def steer_job(job_id: UUID, wish: str, caller: Writer, after: BackgroundTasks) -> Response:
    """Have a dead one tried again, or call off one that waits."""
    if wish == "cancel":
        jobs.cancel(job_id, caller)
    else:
        jobs.retry(job_id, caller, after)
    return go("/admin/jobs")


@router.get("/members")
def look_at_members(request: Request, caller: Governor, after: After = None) -> Response:
    return _members(request, caller, after=after)


@router.post("/members")
def invite(request: Request, caller: Governor, name: Word = "", role: Word = "chemist") -> Response:
    """An account for somebody new; the link with which they choose a password is shown once."""
    try:
        asked = members.MemberIn.model_validate({"name": name, "role": role})
        invited = members.invite(asked, caller, request, Response())
    except ValidationError as error:
        return _members(request, caller, said=_first(error), typed=name)
    except (BadInput, Conflict) as error:
        return _members(request, caller, said=sentence(error.message), typed=name)
    return _members(request, caller, link=invited)


@router.post("/members/{member_id}")
def change_member(
    member_id: UUID, request: Request, caller: Governor, do: Word = "", role: Word = "", was: Word = ""
) -> Response:
    """Another role, a new link, or out."""
    try:
        if do == "link":
            return _members(request, caller, link=members.link(member_id, caller, request))
        if do == "remove":
            members.remove(member_id, caller)
        else:
            members.set_role(
                member_id, members.RoleIn.model_validate({"role": role, "was": was or None}), caller
            )
    except ValidationError as error:
        return _members(request, caller, said=_first(error))
    except (BadInput, Conflict) as error:
        return _members(request, caller, said=sentence(error.message))
    return go("/admin/members")


@router.get("/keys")
def look_at_keys(request: Request, caller: Governor, after: After = None) -> Response:
    return _keys(request, caller, after=after)


@router.post("/keys")
def make_key(request: Request, caller: Governor, typed: Typed) -> Response:
    """A key for a program; its text is on this answer's page and nowhere else."""
    told: dict[str, Any] = {"name": typed.get("name", ""), "scopes": (typed.get("scope", "read"),)}
    if typed.get("expires"):
        told["expires_at"] = f"{typed['expires']}T00:00:00Z"
    try:
        made = keys.create(keys.KeyIn.model_validate(told), caller, request, Response())
    except ValidationError as error:
        return _keys(request, caller, said=_first(error), typed=typed)
    except BadInput as error:
        return _keys(request, caller, said=sentence(error.message), typed=typed)
    return _keys(request, caller, made=made)


@router.post("/keys/{key_id}/revoke")
def revoke_key(key_id: UUID, caller: Governor) -> Response:
    keys.revoke(key_id, caller)
    return go("/admin/keys")


@router.get("/budgets")
def look_at_budgets(request: Request, caller: Governor) -> Response:
    """What the installation allows a run, and what the runs of the workspace have spent."""
    with caller.read() as session:
        spent = spent_by_run(session, caller.workspace_id, SHOWN)
    values = {"here": "budgets", "limits": caller.context.settings.reasoner, "spent": spent}
    return show(request, caller, "admin_budgets.html", values)


@router.get("/audit")
def look_at_audit(
    request: Request,
    caller: Governor,
    after: After = None,
    kind: Annotated[str, Query(max_length=40, pattern="^[a-z_]*$")] = "",
    subject: UUID | None = None,
) -> Response:
    """Who changed what, newest first."""
    page = audit.look(caller, SHOWN, after, kind or None, subject)
    values = {"here": "audit", "page": page, "kind": kind, "subject": subject, "kinds": KINDS}
    return show(request, caller, "admin_audit.html", values)


KINDS = (
    "run",
    "experiment",
    "result",
    "review",
    "hypothesis",
    "paper",
    "feed",
    "job",
    "batch",
    "member",
    "key",
)
"""What the trail can be narrowed to."""


def _members(request: Request, caller: Caller, *, after: str | None = None, **told: Any) -> Response:
    values = {"here": "members", "page": members.look_at_all(caller, SHOWN, after), "roles": get_args(Role)}
    return show(request, caller, "admin_members.html", {**values, **told}, 422 if told.get("said") else 200)


def _keys(request: Request, caller: Caller, *, after: str | None = None, **told: Any) -> Response:
    page = keys.look_at_all(caller, SHOWN, after)
    values = {"here": "keys", "page": page, "scopes": get_args(Scope), "typed": {}}
    return show(request, caller, "admin_keys.html", {**values, **told}, 422 if told.get("said") else 200)


def _first(error: ValidationError) -> str:
    name, why = next(iter(by_field(error).items()))
    return f"{name}: {why}." if name else f"{why}."
