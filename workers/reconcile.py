"""The reconciler: jobs whose worker went silent are rung for again, or buried after their last attempt."""

from __future__ import annotations

from dataclasses import dataclass

from records.database import Database
from records.repositories import Audit, Jobs
from records.repositories.figures import LEASE_EXPIRED
from workers.ending import tell_of_the_end

PATIENCE_S = 120.0
"""A queued job that no worker took for so long is rung for again: the broker may have lost the message."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    rung: int
    dead: int


def reconcile(database: Database, patience_s: float = PATIENCE_S, losses: int = 0) -> Reconciled:
    """One round; safe at any time and in several processes at once.

    ``losses``: so many of a job's first attempts may end with their worker without being counted.
    """
    with database.read() as session:
        expired, unheard = Jobs(session).expired(), Jobs(session).unheard(patience_s)
    rung = dead = 0
    for job_id in expired:
        with database.write() as session:
            jobs = Jobs(session)
            verdict = jobs.bury_or_ring(job_id, losses)
            if verdict is not None:
                job = jobs.get(job_id)
                audit = Audit(session, job.workspace_id)
                audit.add("reconciler", LEASE_EXPIRED, "job", job_id, {"attempt": job.attempt})
            if verdict == "dead":
                tell_of_the_end(session, job)
        rung += verdict == "rung"
        dead += verdict == "dead"
    for job_id in unheard:
        with database.write() as session:
            Jobs(session).ring(job_id)
        rung += 1
    return Reconciled(rung, dead)
