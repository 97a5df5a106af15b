"""The worker's Celery app: ``celery --app workers.app worker --beat`` also keeps the schedule."""

from __future__ import annotations

import resource
from typing import Any

from celery.signals import setup_logging, worker_process_init

from config import load_settings
from config.log import configure_logging
from workers import readiness, resting
from workers.broker import make_app

settings = load_settings()
app = make_app(settings)


def _log_as_everywhere(**_: Any) -> None:
    configure_logging(settings.log_level, settings.log_format)


def _bound_memory(**_: Any) -> None:
    """Have a job that eats memory fail by itself, before the machine chooses whom to kill."""
    if settings.worker.memory_mb:
        # RLIMIT_DATA, not RLIMIT_AS: address space that is only reserved or shared costs nothing.
        most = settings.worker.memory_mb * 2**20
        resource.setrlimit(resource.RLIMIT_DATA, (most, resource.getrlimit(resource.RLIMIT_DATA)[1]))


readiness.connect()
resting.connect(settings.worker.rest_s)
setup_logging.connect(_log_as_everywhere, weak=False)
worker_process_init.connect(_bound_memory, weak=False)
