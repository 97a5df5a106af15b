"""Every error as a problem document (RFC 9457): what went wrong, in words, and a code that never changes."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from records.errors import BadInput, Conflict, NotFound, TouchstoneError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
STORAGE = {"disk_full", "not_writable", "not_a_database", "newer_database"}


class Refused(TouchstoneError):
    """A request that the web process itself turns down, with the status that says so."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        """``more``: further members of the problem document."""
        super().__init__(code, message)
        self.status = status
        self.headers = dict(headers or {})
        self.more = dict(more or {})


class Problem(JSONResponse):
    """A problem document, and its words for whoever shows them otherwise."""

    def __init__(self, body: Mapping[str, Any], status: int, headers: Mapping[str, str] | None) -> None:
        super().__init__(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)
        self.detail = str(body["detail"])


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: Sequence[Mapping[str, str]] = (),
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, Any] | None = None,
) -> Problem:
    """``errors`` points at each wrong part of the request: ``{"pointer": "/plan/seed", "detail": …}``."""
    body: dict[str, Any] = {
        **(more or {}),
        "type": f"urn:touchstone:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        body["errors"] = list(errors)
    return Problem(body, status, headers)


def answer_with_problems(app: FastAPI, as_page: Callable[[Request, int, str], Response]) -> None:
    """Have the app answer all its errors so; ``as_page``: the same words for a person at a browser."""

    def telling(handler: Handler) -> Handler:
        async def answer(request: Request, error: Exception) -> Response:
            told = await handler(request, error)
            if not isinstance(told, Problem) or told.status_code < 400 or not for_a_person(request):
                return told
            shown = as_page(request, told.status_code, told.detail)
            shown.headers.update({name: told.headers[name] for name in told.headers if name not in OF_A_BODY})
            return shown

        return answer

    app.add_exception_handler(TouchstoneError, telling(_of_ours))
    app.add_exception_handler(RequestValidationError, telling(_of_validation))
    app.add_exception_handler(HTTPException, telling(_of_http))
    app.add_exception_handler(ClientDisconnect, _of_nobody)
    app.add_exception_handler(Exception, telling(_of_surprise))


Handler = Callable[[Request, Exception], Awaitable[Response]]
OF_A_BODY = frozenset({"content-length", "content-type"})


def for_a_person(request: Request) -> bool:
    """Whether a browser asked for a page: programs ask under ``/v1`` or want no HTML."""
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


async def _of_ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, TouchstoneError)
    if isinstance(error, Refused):
        return problem(error.status, error.code, error.message, headers=error.headers, more=error.more)
    return problem(status_of(error), error.code, error.message)


def status_of(error: TouchstoneError) -> int:
    """The HTTP status of an error, of ours or of the rooms below."""
    if isinstance(error, Refused):
        return error.status
    if isinstance(error, NotFound):
        return 404
    if isinstance(error, Conflict):
        return 409
    if error.code in STORAGE:
        return 507
    return 422 if isinstance(error, BadInput) else 503


async def _of_validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # The input itself is left out: it may be long, and it may be no text that can be sent back.
    errors = [
        {
            "pointer": "/" + "/".join(str(part) for part in found["loc"][1:]),
            "detail": _printable(found["msg"]),
        }
        for found in error.errors()
    ]
    first = errors[0]
    return problem(422, "invalid_request", f"{first['pointer']}: {first['detail']}", errors=errors)


async def _of_http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    return problem(error.status_code, code, str(error.detail), headers=error.headers)


async def _of_nobody(_request: Request, _error: Exception) -> Response:
    """Whoever asked has left, as a browser does with the first of two clicks: nobody reads this."""
    return Response(status_code=400)


async def _of_surprise(request: Request, error: Exception) -> Response:
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return problem(500, "internal", "something broke that should not; the server's log says what")


def _printable(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
