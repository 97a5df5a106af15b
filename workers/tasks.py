"""The tasks: a name that a message can carry, and what is done for it."""

from __future__ import annotations

from celery import Celery

from workers.app import app, settings
from workers.bell import ring
from workers.kinds.batches import rank_batch
from workers.kinds.discovery import rerank, run_question
from workers.kinds.exports import export
from workers.kinds.feeds import run_feed
from workers.kinds.keeping import retention
from workers.kinds.literature import check_index, ingest, search
from workers.kinds.organising import build_topics, check_novelty
from workers.opened import database
from workers.orders import KEEP, TIMETABLE, task_name
from workers.performing import Bounds, Handler, perform
from workers.reconcile import reconcile
from workers.timetable import order_what_is_due


def register(
    celery: Celery, kind: str, handler: Handler, *, limit_s: float, lease_s: float | None = None
) -> None:
    """Have jobs of this kind done by ``handler``.

    Behind ``limit_s`` seconds it is told to stop; a grace later its process is killed.
    """

    bounds = Bounds(lease_s or settings.worker.lease_s, limit_s)

    def do(job_id: str) -> None:
        perform(database(), settings, job_id, handler, bounds)

    limits = {"soft_time_limit": limit_s, "time_limit": limit_s + settings.worker.grace_s}
    celery.task(do, name=task_name(kind), **limits)


def keep() -> None:
    """What the schedule asks for every few seconds: see to silent workers, then ring for what waits."""
    reconcile(database(), settings.worker.patience_s, settings.worker.losses)
    ring(database(), app)


def timetable() -> None:
    """What the schedule asks for a few times a minute: order what is due, and ring for it."""
    if order_what_is_due(database()):
        ring(database(), app)


app.task(keep, name=KEEP)
app.task(timetable, name=TIMETABLE)

HANDLERS: dict[str, Handler] = {
    handler.__name__: handler
    for handler in (
        run_question,
        rerank,
        search,
        ingest,
        run_feed,
        rank_batch,
        export,
        retention,
        check_index,
        build_topics,
        check_novelty,
    )
}

for kind, handler in HANDLERS.items():
    register(app, kind, handler, limit_s=getattr(settings.worker.limits, kind))
