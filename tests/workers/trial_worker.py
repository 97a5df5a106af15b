"""A worker with trial jobs instead of Touchstone's own; the tests start it as a real Celery process.

Each job appends to the file of its payload, so that a test can count what was really done.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from config import Settings
from records.errors import BadInput
from records.models import Job
from workers import app as worker_app
from workers.tasks import register

LEASE_S = 1.5
LIMIT_S = 600

app = worker_app.app
app.conf.beat_schedule["keep"]["schedule"] = 0.3


def note(job: Job, word: str) -> None:
    with Path(job.payload["file"]).open("a") as file:
        file.write(f"{word}\n")


def echo(settings: Settings, job: Job) -> None:
    note(job, "done")


def slow(settings: Settings, job: Job) -> None:
    """Longer than a lease, so it lives on its heartbeats."""
    note(job, "begun")
    time.sleep(2 * LEASE_S)
    note(job, "done")


def hang_once(settings: Settings, job: Job) -> None:
    note(job, "begun")
    if job.attempt == 1:
        time.sleep(600)
    note(job, "done")


def poison(settings: Settings, job: Job) -> None:
    note(job, "begun")
    os.kill(os.getpid(), signal.SIGKILL)


def crash(settings: Settings, job: Job) -> None:
    note(job, "begun")
    raise ZeroDivisionError("there are no photons")


def refuse(settings: Settings, job: Job) -> None:
    note(job, "begun")
    raise BadInput("bad_order", "nobody can do this")


for handler in (echo, slow, hang_once, poison, crash, refuse):
    register(app, handler.__name__, handler, limit_s=LIMIT_S, lease_s=LEASE_S)
