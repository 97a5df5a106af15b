"""Sign-in, sign-out, and the password."""

from __future__ import annotations

import json
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response

from api.access.cross_site import refuse_cross_site
from api.access.sessions import from_cookie, give_cookie, take_cookie
from api.access.signing_in import change_password, link_owner, sign_in, sign_in_with_link, sign_out
from api.context import Context, InContext
from api.pages.rendering import Visitor, go, inside, page
from api.pages.visiting import sentence
from api.problems import Refused
from records.errors import BadInput

router = APIRouter(include_in_schema=False)

Typed = Annotated[str, Form(max_length=4000)]
Told = Annotated[str, Query(max_length=2000)]


@router.get("/sign-in")
def ask(request: Request, context: InContext, token: Told = "", next: Told = "/") -> Response:
    """The form: for name and password, or with a link for a password to choose. Looking uses no link up."""
    if not token:
        return page(request, "sign_in.html", {"next": inside(next)})
    name = link_owner(context, token)
    if name is None:
        said = "This link was used already, is older than a day, or was replaced. Ask for a new one."
        return page(request, "sign_in.html", {"next": "/", "said": said}, 403)
    return page(request, "choose_password.html", {"name": name, "token": token})


@router.post("/sign-in")
def answer(
    request: Request,
    context: InContext,
    name: Typed = "",
    password: Typed = "",
    token: Typed = "",
    next: Typed = "/",
    kept: Annotated[str, Form(max_length=4_000_000)] = "",
) -> Response:
    refuse_cross_site(request)
    try:
        if token:
            opened = sign_in_with_link(context, token, password)
        else:
            opened = sign_in(context, name, password, _address(request))
    except (Refused, BadInput) as error:
        return _again(request, context, error, name, token, inside(next), kept)
    _end_former(request, context)
    response = _send_again(request, name, kept) if kept else go(inside(next))
    give_cookie(request, response, context, opened)
    return response


@router.post("/sign-out")
def leave(request: Request, context: InContext, visitor: Visitor) -> Response:
    sign_out(context, visitor)
    response = go("/sign-in")
    take_cookie(request, response, context)
    return response


@router.get("/password")
def ask_password(request: Request, visitor: Visitor) -> Response:
    return page(request, "password.html", {"name": visitor.name})


@router.post("/password")
def answer_password(
    request: Request, context: InContext, visitor: Visitor, current: Typed = "", password: Typed = ""
) -> Response:
    """Change it: all other browsers of the account are signed out."""
    try:
        opened = change_password(context, visitor, current, password, _address(request))
    except (Refused, BadInput) as error:
        status, headers = _told(error)
        shown = page(
            request, "password.html", {"name": visitor.name, "said": sentence(error.message)}, status
        )
        shown.headers.update(headers)
        return shown
    response = go("/")
    give_cookie(request, response, context, opened)
    return response


def _again(
    request: Request,
    context: Context,
    error: Refused | BadInput,
    name: str,
    token: str,
    after: str,
    kept: str,
) -> Response:
    """The form once more, saying what was wrong."""
    status, headers = _told(error)
    owner = link_owner(context, token) if token else None
    said = sentence(error.message)
    if owner is None:
        form = "signed_out.html" if kept else "sign_in.html"
        shown = page(request, form, {"name": name, "next": after, "said": said, "kept": kept}, status)
    else:
        shown = page(request, "choose_password.html", {"name": owner, "token": token, "said": said}, status)
    shown.headers.update(headers)
    return shown


def _send_again(request: Request, name: str, kept: str) -> Response:
    """What was typed before the sign-in, to be sent with one press."""
    try:
        told = json.loads(kept)
        action, fields = str(told["action"]), {str(key): str(value) for key, value in told["fields"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        return go("/")
    values = {"name": name, "action": inside(action), "inside": "/", "fields": fields}
    return page(request, "send_again.html", values)


def _told(error: Refused | BadInput) -> tuple[int, dict[str, str]]:
    return (error.status, error.headers) if isinstance(error, Refused) else (422, {})


def _end_former(request: Request, context: Context) -> None:
    """Whoever signs in anew in the same browser leaves the session before."""
    try:
        former = from_cookie(request, None, context)
    except Refused:
        return
    if former is not None:
        sign_out(context, former)


def _address(request: Request) -> str:
    return request.client.host if request.client else ""
