"""How Touchstone speaks with its broker: the same for workers and for the web process that rings for them."""

from __future__ import annotations

from celery import Celery
from kombu.entity import Queue

from config import Settings
from workers.orders import KEEP, KEEPING, QUEUES, TIMETABLE

KEEP_EVERY_S = 5.0
TIMETABLE_EVERY_S = 20.0
REDELIVER_AFTER_S = 3600


def make_app(settings: Settings) -> Celery:
    """A Celery app on the broker of the settings; the tasks themselves are loaded by a worker alone.

    Rows in the database decide what is done, so a message that comes twice does no harm (a claim fails) and
    one that is lost is rung again.
    """
    worker = settings.worker
    app = Celery("touchstone", broker=settings.broker.url, include=["workers.tasks"])
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        # A message is given back to the broker when its whole worker dies, but not when only a child does:
        # that would run a poisonous job for ever. The reconciler counts those attempts.
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        # Threads and eventlets cannot be stopped at a time limit. The parent loads no model, so a fork is
        # cheap and safe: its children share what it has.
        worker_pool="prefork",
        worker_soft_shutdown_timeout=worker.soft_shutdown_s,
        worker_max_memory_per_child=worker.recycle_mb * 1024,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": REDELIVER_AFTER_S,
            "socket_connect_timeout": 5,
        },
        task_queues=[Queue(name) for name in QUEUES],
        task_default_queue=KEEPING,
        beat_schedule={
            "keep": _every(KEEP_EVERY_S, KEEP),
            "timetable": _every(TIMETABLE_EVERY_S, TIMETABLE),
        },
        beat_scheduler="workers.clock:Clock",
        worker_hijack_root_logger=False,
        enable_utc=True,
    )
    return app


def _every(seconds: float, task: str) -> dict[str, object]:
    return {"task": task, "schedule": seconds, "options": {"queue": KEEPING, "expires": 2 * seconds}}
