"""The tasks: a name that a message can carry, and what is done for it."""

from __future__ import annotations

from functools import cache

from celery import Celery

from config import Settings
from records.database import Database
from records.errors import BadInput
from records.models import Job
from records.repositories import Workspaces
from workers.app import app, settings
from workers.bell import ring
from workers.orders import KEEP, RUN_QUESTION, task_name
from workers.performing import LEASE_S, Handler, perform
from workers.reconcile import reconcile


@cache
def database() -> Database:
    """This process's database: first asked for in a child of the worker, so no connection crosses a fork."""
    opened = Database(settings.database)
    opened.migrate()
    return opened


def register(celery: Celery, kind: str, handler: Handler, lease_s: float = LEASE_S) -> None:
    """Have jobs of this kind done by ``handler``."""

    def do(job_id: str) -> None:
        perform(database(), settings, job_id, handler, lease_s)

    celery.task(do, name=task_name(kind))


def run_question(settings: Settings, job: Job) -> None:
    """Take a run from its last checkpoint as far as it goes: to its end, or to a person's measurement."""
    # Heavy, all of them: only a child that does such a job pays for it.
    from agents.service import continue_run
    from ranking.errors import RankingError
    from simulator.errors import SimulatorError

    with database().read() as session:
        workspace = Workspaces(session).get(job.workspace_id).name
    try:
        continue_run(settings.model_copy(update={"workspace": workspace}), job.payload["run_id"])
    except (RankingError, SimulatorError) as error:
        raise BadInput(error.code, str(error)) from error  # it will not be better the next time


def keep() -> None:
    """What the schedule asks for every few seconds: see to silent workers, then ring for what waits."""
    reconcile(database())
    ring(database(), app)


app.task(keep, name=KEEP)

HANDLERS: dict[str, Handler] = {RUN_QUESTION: run_question}

for kind, handler in HANDLERS.items():
    register(app, kind, handler)
