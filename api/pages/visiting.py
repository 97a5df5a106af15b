"""Pages of the desk: for whom, with which rights, and what they look like when something is wrong."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.caller import Caller
from api.context import InContext
from api.pages.rendering import Visitor, page
from api.problems import Refused, status_of
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


def show(
    request: Request, caller: Caller, template: str, values: dict[str, Any], status: int = 200
) -> Response:
    """A page with what each of them says: who one is, and where."""
    with caller.read() as session:
        workspace = Workspaces(session).get(caller.workspace_id).name
    told = {"name": caller.name, "workspace": workspace, "may_write": "write" in caller.principal.scopes}
    return page(request, template, {**told, **values}, status)


class PageRoute(APIRoute):
    """A route that tells errors as a page: a person reads them."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except Refused as refused:
                if refused.status == 303:
                    raise
                shown = _told(request, refused.status, refused.message)
                shown.headers.update(refused.headers)
                return shown
            except TouchstoneError as error:
                return _told(request, status_of(error), error.message)
            except HTTPException as error:
                return _told(request, error.status_code, str(error.detail))
            except RequestValidationError:
                return _told(request, 404, "there is no such page; the address may have been cut off")

        return handle


def _told(request: Request, status: int, message: str) -> Response:
    return page(request, "problem.html", {"status": status, "message": sentence(message)}, status)


def sentence(message: str) -> str:
    return f"{message[:1].upper()}{message[1:]}."
