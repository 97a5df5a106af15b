"""The web process: it writes questions and results down, orders work, and shows what came of it.

It has no authentication yet, so it answers only on this machine: ``serve`` binds to a loopback address,
and requests that were meant for another host (a browser fooled by DNS rebinding) are refused.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import Depends, FastAPI, Request

from api import health, questions, runs
from api.context import LOOPBACK, Context
from api.problems import answer_with_problems
from config import Settings
from records.database import Database
from records.errors import BadInput
from records.repositories import Workspaces
from workers.broker import make_app


def create_app(settings: Settings) -> FastAPI:
    """The application; its database is opened and brought up to date when the server starts."""

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        database = Database(settings.database)
        database.migrate()
        with database.write() as session:
            workspace_id = Workspaces(session).get_or_create(settings.workspace).id
        tasks = make_app(settings)
        app.state.context = Context(database, workspace_id, tasks)
        try:
            yield
        finally:
            tasks.close()
            database.close()

    app = FastAPI(
        title="Touchstone",
        description="From a research question in chemistry to a short list of hypotheses worth testing.",
        version="1",
        lifespan=life,
        dependencies=[Depends(_meant_for_this_machine)],
        docs_url=None,  # these pages load scripts from elsewhere; /openapi.json says the same
        redoc_url=None,
    )
    for router in (health.router, questions.router, runs.router):
        app.include_router(router)
    answer_with_problems(app)
    return app


def serve(settings: Settings, host: str = "127.0.0.1", port: int = 8000) -> None:
    """Serve until interrupted; BadInput ``not_loopback`` for any address that others can reach."""
    if host not in LOOPBACK:
        raise BadInput("not_loopback", "there is no authentication yet, so only 127.0.0.1 can be served")
    uvicorn.run(create_app(settings), host=host, port=port, log_level=settings.log_level.lower())


def _meant_for_this_machine(request: Request) -> None:
    if request.url.hostname not in LOOPBACK:
        raise BadInput("bad_host", "this server answers only as 127.0.0.1 or localhost")
