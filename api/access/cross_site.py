"""Requests that another site made a browser send (CSRF): they come with the cookie, so they are told apart.

Keys need none of this: a browser sends no key by itself.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from fastapi import Request

from api.problems import Refused

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def refuse_cross_site(request: Request) -> None:
    """Refused 403 ``cross_site`` for what would change something and was not sent by a page of ours.

    ``Sec-Fetch-Site`` tells; a browser without it, or without TLS, tells by ``Origin`` or ``Referer``.
    """
    if request.method in SAFE or _is_ours(request):
        return
    raise Refused(
        403,
        "cross_site",
        "this did not come from a page of this server; open it here and try again (programs use an API key)",
    )


def _is_ours(request: Request) -> bool:
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    sender = request.headers.get("origin") or request.headers.get("referer") or ""
    host = request.headers.get("host")
    try:
        parts = urlsplit(sender)
    except ValueError:
        return False
    return host is not None and parts.scheme in ("http", "https") and parts.netloc == host
