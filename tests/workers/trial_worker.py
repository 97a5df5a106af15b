"""A worker with trial jobs instead of Touchstone's own; the tests start it as a real Celery process.

Each job appends to the file of its payload, so that a test can count what was really done.
"""

from __future__ import annotations

import logging
import os
import signal
import time
from pathlib import Path
from typing import Any

from config import Settings
from records.errors import BadInput
from records.models import Job
from workers import app as worker_app
from workers.tasks import register

LEASE_S = 1.5
LIMIT_S = 600
SHORT_S = 2

app = worker_app.app
app.conf.beat_schedule["keep"]["schedule"] = 0.3
log = logging.getLogger("trial")


def note(job: Job, word: str) -> None:
    with Path(job.payload["file"]).open("a") as file:
        file.write(f"{word}\n")


def echo(settings: Settings, job: Job) -> dict[str, Any]:
    log.info("echo says so")
    note(job, "done")
    return {"attempt": job.attempt}


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


def too_long(settings: Settings, job: Job) -> None:
    """Can be told to stop."""
    note(job, "begun")
    time.sleep(600)


def deaf(settings: Settings, job: Job) -> None:
    """Does not hear the signals that tell it to stop, as a long call into a library does not."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGTERM})
    note(job, "begun")
    time.sleep(600)


def glutton(settings: Settings, job: Job) -> None:
    note(job, "begun")
    eaten = []
    while True:
        eaten.append(bytearray(2**26))


for handler in (echo, slow, hang_once, poison, crash, refuse, glutton):
    register(app, handler.__name__, handler, limit_s=LIMIT_S, lease_s=LEASE_S)
for handler in (too_long, deaf):
    register(app, handler.__name__, handler, limit_s=SHORT_S, lease_s=LEASE_S)
