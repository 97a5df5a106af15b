"""How a worker does a job: claim it, keep the claim alive, do it, and say how it ended."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery.exceptions import SoftTimeLimitExceeded
from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from config.log import bound
from records.database import Database
from records.errors import BadInput, TouchstoneError
from records.models import Job
from records.repositories import Jobs
from workers.ending import tell_of_the_end

log = logging.getLogger(__name__)

Handler = Callable[[Settings, Job], Mapping[str, Any] | None]
"""Does a job and gives its result, if that is no row of its own.

It may be called again for a job that was broken off, so it must be able to go on.
"""


class Stopped(BaseException):
    """The worker was told to end; no handler may take it for an error of its own."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long a job may take, in seconds."""

    lease_s: float
    """A worker that is not heard of for so long is taken for dead."""
    limit_s: float = math.inf
    """Behind it the job is told to stop."""


def perform(
    database: Database, settings: Settings, job_id: str, handler: Handler, bounds: Bounds | None = None
) -> bool:
    """Do a job if it is to be had; whether this call finished it.

    BadInput buries the job at once, any other exception queues it again until its attempts are spent;
    whatever Touchstone does not know by name is raised on, for the worker's log.
    """
    bounds = bounds or Bounds(settings.worker.lease_s)
    with database.write() as session:
        jobs = Jobs(session)
        attempt = jobs.claim(job_id, bounds.lease_s)
        if attempt is None:
            return False
        job = jobs.get(job_id)
    with bound(job_id=job.id, request_id=job.request_id, run_id=str(job.payload.get("run_id", ""))):
        log.info("%s, attempt %d", job.kind, attempt)
        done = _perform(database, settings, job, handler, bounds)
        log.info("%s: %s", job.kind, "done" if done else "not done")
        return done


def _perform(database: Database, settings: Settings, job: Job, handler: Handler, bounds: Bounds) -> bool:
    started = time.monotonic()
    try:
        with _stoppable(), _kept_alive(database, job.id, job.attempt, bounds.lease_s):
            result = handler(settings, job)
    except TouchstoneError as error:
        _give_up(database, job, error, bounds.lease_s)
    except SoftTimeLimitExceeded:
        _fail(database, job, _too_long(bounds), again=True)
    except MemoryError:
        reason = f"it needed more than the {settings.worker.memory_mb} MB that a worker may take"
        _fail(database, job, reason, again=True)
    except Stopped:
        # A process that did not stop at its limit gets the same signal before it is killed.
        if time.monotonic() - started < bounds.limit_s:
            _hand_back(database, job)
        else:
            _fail(database, job, _too_long(bounds), again=True)
        raise SystemExit(0) from None
    except Exception as error:
        _fail(database, job, f"{type(error).__name__}: {error}", again=True)
        raise
    else:
        with database.write() as session:
            return Jobs(session).finish(job.id, job.attempt, result)
    return False


def _too_long(bounds: Bounds) -> str:
    return f"it took longer than its limit of {bounds.limit_s:g} seconds"


def _hand_back(database: Database, job: Job) -> None:
    with database.write() as session:
        Jobs(session).hand_back(job.id, job.attempt)


def _give_up(database: Database, job: Job, error: TouchstoneError, lease_s: float) -> None:
    log.warning("job %s, attempt %d: %s", job.id, job.attempt, error.message)
    if error.code == "run_busy":
        # Somebody else is at it (a command line, a worker that was cut off). What this job was ordered for
        # may have come too late for them, so look again when they may have finished.
        with database.write() as session:
            Jobs(session).postpone(job.id, job.attempt, lease_s)
    else:
        _fail(database, job, error.message, again=not isinstance(error, BadInput))


def _fail(database: Database, job: Job, reason: str, *, again: bool) -> None:
    with database.write() as session:
        jobs = Jobs(session)
        if jobs.fail(job.id, job.attempt, reason, again=again):
            tell_of_the_end(session, jobs.get(job.id))


@contextmanager
def _stoppable() -> Iterator[None]:
    """While a job is done, the signals that end a process break it off by an exception; it is handed back.

    SIGQUIT is what Celery ends its children by where ``REMAP_SIGTERM`` is set.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(*_: object) -> None:
        raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _kept_alive(database: Database, job_id: str, attempt: int, lease_s: float) -> Iterator[None]:
    """Prolong the lease from a thread of its own, three times in its length."""
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(lease_s / 3):
            try:
                with database.write() as session:
                    held = Jobs(session).heartbeat(job_id, attempt, lease_s)
            except (TouchstoneError, SQLAlchemyError) as error:
                log.warning("job %s: no heartbeat (%s)", job_id, error)
                continue
            if not held:
                log.warning("job %s: attempt %d was given up for dead and taken over", job_id, attempt)
                return

    heart = threading.Thread(target=beat, name=f"heartbeat {job_id}", daemon=True)
    heart.start()
    try:
        yield
    finally:
        ended.set()
        heart.join()
