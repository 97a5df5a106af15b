"""Pages of the desk: for whom, with which rights, and what they look like when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.access.cross_site import refuse_cross_site
from api.caller import Caller
from api.context import InContext
from api.pages.forms import UNREADABLE, typed_fields
from api.pages.rendering import Visitor, page
from api.problems import Refused, status_of
from records.base import new_id
from records.errors import TouchstoneError
from records.repositories import Workspaces
from records.roles import Scope


def _with_scope(scope: Scope) -> Callable[..., Caller]:
    def caller(request: Request, context: InContext, visitor: Visitor) -> Caller:
        context.rates.take(visitor.id)
        if scope not in visitor.scopes:
            raise Refused(403, "scope_missing", "you may read here; ask an owner of the workspace for more")
        return Caller(context, visitor, getattr(request.state, "request_id", ""), None)

    return caller


Reader = Annotated[Caller, Depends(_with_scope("read"))]
"""Whoever looks at a page; what the REST routes take as their caller."""
Writer = Annotated[Caller, Depends(_with_scope("write"))]
"""Whoever sends a form."""
Governor = Annotated[Caller, Depends(_with_scope("admin"))]
"""Whoever runs the workspace."""


def show(
    request: Request, caller: Caller, template: str, values: dict[str, Any], status: int = 200
) -> Response:
    """A page with what each of them says: who one is, and where."""
    with caller.read() as session:
        workspace = Workspaces(session).get(caller.workspace_id).name
    scopes = caller.principal.scopes
    told = {
        "name": caller.name,
        "workspace": workspace,
        "may_write": "write" in scopes,
        "may_govern": "admin" in scopes,
        "once": new_id(),
    }
    return page(request, template, {**told, **values}, status)


class PageRoute(APIRoute):
    """A route that tells errors as a page: a person reads them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except Refused as refused:
                if refused.status == 303 and request.method == "POST":
                    return await _signed_out(request)
                if refused.status == 303:
                    raise
                shown = problem_page(request, refused.status, refused.message)
                shown.headers.update(refused.headers)
                return shown
            except TouchstoneError as error:
                return problem_page(request, status_of(error), error.message)
            except HTTPException as error:
                return problem_page(request, error.status_code, str(error.detail))
            except RequestValidationError:
                return problem_page(request, 404, "there is no such page")

        return handle


async def _signed_out(request: Request) -> Response:
    """The session ended while somebody typed: the sign-in, with all that they typed in it."""
    refuse_cross_site(request)
    fields = await typed_fields(request)
    fields.pop(UNREADABLE, None)
    kept = json.dumps({"action": str(request.url.path), "fields": fields})
    return page(request, "signed_out.html", {"next": "/", "kept": kept}, 401)


def problem_page(request: Request, status: int, message: str) -> Response:
    """An error as a page that says what can be done."""
    request_id = getattr(request.state, "request_id", "")
    said = "there is no such page" if message in ("Not Found", "Method Not Allowed") else message
    values = {"status": status, "message": sentence(said), "request_id": request_id}
    return page(request, "problem.html", values, status)


def sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."
