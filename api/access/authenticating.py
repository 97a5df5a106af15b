"""Who a request comes from: a key is looked at first, then the browser's cookie."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote

from fastapi import Request

from api.access.keys import CHALLENGE, from_authorization
from api.access.principal import Principal
from api.access.sessions import from_cookie
from api.problems import Refused

if TYPE_CHECKING:
    from api.context import Context


def authenticate(request: Request, context: Context) -> Principal:
    """Whoever asks; Refused 401 where nobody is known, 403 and 404 as keys and sessions say.

    ``X-Workspace`` (percent-encoded where it is not ASCII) names one of an account's workspaces.
    """
    named = request.headers.get("x-workspace")
    wanted = None if named is None else unquote(named)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        return from_authorization(authorization, wanted, context)
    principal = from_cookie(request, wanted, context)
    if principal is None:
        message = "sign in, or send an API key as Authorization: Bearer tsk_…"
        raise Refused(401, "no_credentials", message, headers={"WWW-Authenticate": CHALLENGE})
    return principal
