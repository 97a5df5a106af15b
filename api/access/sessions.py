"""A person's browser, with a cookie: what it holds, how it is opened, and who it is."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from fastapi import Request, Response
from sqlalchemy.orm import Session

from api.access.cross_site import refuse_cross_site
from api.access.principal import Principal
from api.problems import Refused
from records.models import Account
from records.repositories.people import Accounts
from records.repositories.sign_ins import BrowserSessions, session_was_used
from records.roles import scopes_of
from records.secrets import keyed_digest, new_token

if TYPE_CHECKING:
    from api.context import Context


def from_cookie(request: Request, wanted_workspace: str | None, context: Context) -> Principal | None:
    """Whose browser it is, or None for one that is not signed in.

    Raises Refused 403 ``cross_site``, 403 ``no_workspace`` where the account belongs to none any more, and
    404 ``workspace_not_found`` for a wanted one to which it does not belong.
    """
    token = request.cookies.get(_cookie_name(request, context))
    if token is None:
        return None
    idle = timedelta(hours=context.settings.api.session_idle_h)
    with context.database.read() as session:
        found = BrowserSessions(session).find(keyed_digest(context.secret, "session", token), idle)
        if found is None:
            return None
        opened, account = found
        places = Accounts(session).workspaces(account.id)
    refuse_cross_site(request)
    if wanted_workspace is not None:
        chosen = [place for place in places if place[0].name == wanted_workspace]
        if not chosen:
            raise Refused(404, "workspace_not_found", "you belong to no workspace of the name in X-Workspace")
    else:
        # The one looked at, or when the account was shown out of it, whichever is left.
        chosen = [place for place in places if place[0].id == opened.workspace_id] or places
        if not chosen:
            raise Refused(403, "no_workspace", "this account belongs to no workspace; ask an owner of yours")
    context.noting.note(context.database, opened.id, session_was_used)
    workspace, member = chosen[0]
    return Principal("session", account.id, account.name, workspace.id, scopes_of(member.role), opened.id)


def open_session(session: Session, context: Context, account: Account, workspace_id: str) -> str:
    """A new session of the account, looking at the workspace; gives the token for the cookie."""
    token = new_token()
    lives = timedelta(days=context.settings.api.session_days)
    digest = keyed_digest(context.secret, "session", token)
    BrowserSessions(session).open(account.id, workspace_id, digest, lives)
    return token


def give_cookie(request: Request, response: Response, context: Context, token: str) -> None:
    response.set_cookie(
        _cookie_name(request, context),
        token,
        max_age=int(timedelta(days=context.settings.api.session_days).total_seconds()),
        path="/",
        secure=_is_https(request, context),
        httponly=True,
        samesite="lax",
    )


def take_cookie(request: Request, response: Response, context: Context) -> None:
    name, secure = _cookie_name(request, context), _is_https(request, context)
    response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def _cookie_name(request: Request, context: Context) -> str:
    """With the prefix a browser takes it over TLS alone, and for no other host (RFC 6265bis)."""
    return "__Host-touchstone" if _is_https(request, context) else "touchstone"


def _is_https(request: Request, context: Context) -> bool:
    return context.settings.api.https or request.url.scheme == "https"
