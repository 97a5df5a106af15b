"""The web process: it writes questions and results down, orders work, and shows what came of it."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Scope

from api.access.headers import SecurityHeaders
from api.access.hosts import AllowedHosts
from api.context import Context
from api.document import with_problems
from api.measures import HttpFigures, Measured
from api.middleware import BodyLimit, RequestIds
from api.pages import PAGES
from api.pages.rendering import static
from api.pages.visiting import problem_page
from api.problems import answer_with_problems, problem
from api.rates import Rates
from api.routes import ROUTERS
from config import Settings
from records.database import Database
from records.repositories import Workspaces
from records.secrets import installation_secret
from workers.addresses import check_bind
from workers.broker import make_app

GRACE_S = 3
"""How long answers that are on their way may take when the process is told to end."""

UPLOADS = frozenset({"/v1/papers/files", "/v1/batches", "/v1/batches/file", "/literature/files"})
"""What may be long."""


class _Service(FastAPI):
    """With what has to be around every answer, also around that to a surprise (500)."""

    def __init__(self, settings: Settings, **told: object) -> None:
        super().__init__(**told)  # type: ignore[arg-type]
        self._settings = settings
        self.state.http_figures = HttpFigures()

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = with_problems(super().openapi())
        return self.openapi_schema

    def build_middleware_stack(self) -> ASGIApp:
        limits = self._settings.api
        app: ASGIApp = BodyLimit(
            super().build_middleware_stack(),
            lambda path: limits.upload_limit if path in UPLOADS else limits.body_limit,
            _too_large,
        )
        app = GZipMiddleware(app, minimum_size=1000, compresslevel=5)  # a phone in the laboratory is slow
        return SecurityHeaders(
            Measured(RequestIds(AllowedHosts(app, limits.allowed_hosts)), self.state.http_figures)
        )


def create_app(settings: Settings) -> FastAPI:
    """The application; its database is opened and brought up to date when the server starts."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        database = Database(settings.database)
        database.migrate()
        with database.write() as session:
            Workspaces(session).get_or_create(settings.workspace)
        tasks = make_app(settings)
        context = Context(settings, database, tasks, installation_secret(settings), Rates(settings.api))
        app.state.context = context
        _spare_the_collector()
        try:
            yield
        finally:
            context.noting.close()
            tasks.close()
            database.close()

    app = _Service(
        settings,
        title="Touchstone",
        description="From a research question in chemistry to a short list of hypotheses worth testing.",
        version="1",
        lifespan=life,
        docs_url=None,  # these pages load scripts from elsewhere; /openapi.json says the same
        redoc_url=None,
    )
    for router in (*ROUTERS, *PAGES):
        app.include_router(router)
    app.mount("/static", static)
    answer_with_problems(app, problem_page)
    return app


def _too_large(scope: Scope, why: str) -> Response:
    """For a person a page, for a program a problem document."""
    if scope["path"].startswith("/v1/"):
        return problem(413, "too_large", why)
    return problem_page(Request(scope), 413, why)


def _spare_the_collector() -> None:
    """What was made so far stays for good: no request has to wait while it is looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until interrupted (BadInput ``allowed_hosts_missing``, for addresses that others can reach)."""
    check_bind(host, settings.api)
    uvicorn.Server(server_config(settings, host=host, port=port)).run()


def server_config(settings: Settings, **told: Any) -> uvicorn.Config:
    """The web server's own settings; logs go the way of all others, and requests are told of by the app."""
    return uvicorn.Config(
        create_app(settings), log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S, **told
    )
