"""Templates, and who looks at a page: without a session the way leads to the sign-in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from fastapi.templating import Jinja2Templates

from api.access import Principal
from api.access.headers import PAGE_POLICY
from api.access.sessions import from_cookie
from api.context import InContext
from api.pages.filters import FILTERS
from api.problems import Refused

HERE = Path(__file__).parent
templates = Jinja2Templates(HERE / "templates")
templates.env.trim_blocks = templates.env.lstrip_blocks = True
templates.env.filters |= FILTERS


class _Static(StaticFiles):
    """Files that a browser may keep, and asks about before it uses them again."""

    def file_response(self, *args: Any, **told: Any) -> Response:
        response = super().file_response(*args, **told)
        response.headers["Cache-Control"] = "no-cache"
        return response


static = _Static(directory=HERE / "static")


def page(request: Request, template: str, values: dict[str, Any], status: int = 200) -> Response:
    """A page under the policy that keeps foreign scripts out."""
    headers = {"Content-Security-Policy": PAGE_POLICY}
    return templates.TemplateResponse(request, template, values, status, headers)


def go(path: str) -> RedirectResponse:
    """To another page, with GET."""
    return RedirectResponse(path, 303)


def _visitor(request: Request, context: InContext) -> Principal:
    principal = from_cookie(request, None, context)
    if principal is not None:
        return principal
    to = f"/sign-in?next={quote(request.url.path)}" if request.method == "GET" else "/sign-in"
    raise Refused(303, "sign_in", "sign in first", headers={"Location": to})


Visitor = Annotated[Principal, Depends(_visitor)]
"""The person at the browser; whoever is not signed in is sent to do so."""


def inside(path: str) -> str:
    """The path if it leads to a page of ours, or else home: what stands in a URL may lead anywhere."""
    safe = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if safe else "/"
