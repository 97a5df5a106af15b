"""What happens to every request before a route sees it: an id, a line in the log, an end to its body."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from config.log import bound
from records.base import new_id

log = logging.getLogger(__name__)

_ID = re.compile(r"[0-9A-Za-z._-]{1,64}")


class RequestIds:
    """Take the caller's ``X-Request-ID`` or make one: logs and answer carry it, and jobs that are ordered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        told = Headers(scope=scope).get("x-request-id", "")
        request_id = told if _ID.fullmatch(told) else new_id()
        scope.setdefault("state", {})["request_id"] = request_id

        started, status = time.perf_counter(), 0

        async def marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)["X-Request-ID"] = request_id
            await send(message)

        with bound(request_id=request_id):
            try:
                await self._app(scope, receive, marked)
            finally:
                # The path alone: what stands behind it may be somebody's way in.
                milliseconds = (time.perf_counter() - started) * 1000
                log.info("%s %s: %d in %.1f ms", scope["method"], scope["path"], status, milliseconds)


class BodyLimit:
    """Answer 413 as soon as a body is, or turns out to be, longer than its path may have."""

    def __init__(
        self, app: ASGIApp, limit: Callable[[str], int], refuse: Callable[[Scope, str], ASGIApp]
    ) -> None:
        """``refuse``: the answer to such a request, with the words that say why."""
        self._app = app
        self._limit = limit
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limit(scope["path"])
        length = Headers(scope=scope).get("content-length", "")
        if length.isdigit() and int(length) > most:
            await self._refuse(scope, _too_large(most))(scope, receive, send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > most:
                raise HTTPException(413, _too_large(most))
            return message

        await self._app(scope, counted, send)


def _too_large(most: int) -> str:
    return f"the request's body may have {most:,} bytes at most"
