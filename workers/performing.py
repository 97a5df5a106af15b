"""How a worker does a job: claim it, keep the claim alive, do it, and say how it ended."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from config import Settings
from records.database import Database
from records.errors import BadInput, TouchstoneError
from records.models import Job
from records.repositories import Jobs
from workers.ending import tell_run

log = logging.getLogger(__name__)

LEASE_S = 60.0
"""A worker that is not heard of for so long is taken for dead."""

Handler = Callable[[Settings, Job], None]
"""Does a job; may be called again for one that was broken off, so it must be able to go on."""


def perform(
    database: Database, settings: Settings, job_id: str, handler: Handler, lease_s: float = LEASE_S
) -> bool:
    """Do a job if it is to be had; whether this call finished it.

    BadInput buries the job at once, any other exception queues it again until its attempts are spent;
    whatever Touchstone does not know by name is raised on, for the worker's log.
    """
    with database.write() as session:
        jobs = Jobs(session)
        attempt = jobs.claim(job_id, lease_s)
        if attempt is None:
            return False
        job = jobs.get(job_id)
    try:
        with _kept_alive(database, job_id, attempt, lease_s):
            handler(settings, job)
    except TouchstoneError as error:
        _give_up(database, job_id, attempt, error, lease_s)
        return False
    except Exception as error:
        _fail(database, job_id, attempt, f"{type(error).__name__}: {error}", again=True)
        raise
    with database.write() as session:
        return Jobs(session).finish(job_id, attempt)


def _give_up(database: Database, job_id: str, attempt: int, error: TouchstoneError, lease_s: float) -> None:
    log.warning("job %s, attempt %d: %s", job_id, attempt, error.message)
    if error.code == "run_busy":
        # Somebody else is at it (a command line, a worker that was cut off). What this job was ordered for
        # may have come too late for them, so look again when they may have finished.
        with database.write() as session:
            Jobs(session).postpone(job_id, attempt, lease_s)
    else:
        _fail(database, job_id, attempt, error.message, again=not isinstance(error, BadInput))


def _fail(database: Database, job_id: str, attempt: int, reason: str, *, again: bool) -> None:
    with database.write() as session:
        jobs = Jobs(session)
        if jobs.fail(job_id, attempt, reason, again=again):
            tell_run(session, jobs.get(job_id))


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
