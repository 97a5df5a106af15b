"""The names by which this server answers: a page that was led here under another one gets nothing.

That is what DNS rebinding does: a stranger's name is made to point to this machine, and the browser takes
this server for a part of the stranger's site.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.problems import problem
from workers.addresses import LOOPBACK


class AllowedHosts:
    """Answer 421 ``bad_host`` to whatever was sent to another name than these and the loopback's."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        self._app = app
        self._hosts = LOOPBACK | {_name(host) for host in hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _name(Headers(scope=scope).get("host", "")) not in self._hosts:
            message = "this server does not answer under that name; see TOUCHSTONE_API__ALLOWED_HOSTS"
            await problem(421, "bad_host", message)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _name(host: str) -> str:
    """Without port, brackets and a final dot, in lower case; empty for what is no host."""
    host = host.strip().lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    name, _, _port = host.partition(":") if host.count(":") == 1 else (host, "", "")
    return name.removesuffix(".")
