"""Orders for work, which the web process writes into the database, and the names it shares with workers."""

from __future__ import annotations

from sqlalchemy.orm import Session

from records.models import Job
from records.repositories import Jobs

RUN_QUESTION = "run_question"
RUNS = "runs"
KEEPING = "keeping"
KEEP = "workers.keep"


def task_name(kind: str) -> str:
    """The Celery task that does jobs of this kind."""
    return f"workers.{kind}"


def order_run(session: Session, workspace_id: str, run_id: str) -> Job:
    """Have a run taken as far as it goes; in the caller's transaction, which also writes what makes it so."""
    return Jobs(session).enqueue(
        workspace_id, RUN_QUESTION, RUNS, {"run_id": run_id}, task_name(RUN_QUESTION)
    )
