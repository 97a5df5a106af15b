"""Questions: a run is taken as far as it goes, and tells how it gets on."""

from __future__ import annotations

import time
from collections.abc import Callable

from config import Settings
from records.errors import BadInput
from records.models import Job
from records.repositories import RunEvents
from workers.opened import database, workspace_name

TOLD_EVERY_S = 1.0
"""Least time between two events of progress: whoever follows a run reads no faster."""


def run_question(settings: Settings, job: Job) -> dict[str, str]:
    """Take a run from its last checkpoint to its end, a person's measurement, or a person's wish to stop."""
    # Heavy, all of them: only a child that does such a job pays for it.
    from agents.service import continue_run
    from ranking.errors import RankingError
    from simulator.errors import SimulatorError

    run_id: str = job.payload["run_id"]
    own = settings.model_copy(update={"workspace": workspace_name(job.workspace_id)})
    try:
        state = continue_run(own, run_id, progress=teller(job.workspace_id, run_id))
    except (RankingError, SimulatorError) as error:
        raise BadInput(error.code, str(error)) from error  # it will not be better the next time
    return {"state": state}


def rerank(settings: Settings, job: Job) -> None:
    """Have the ranking of a run that is over follow what was entered since."""
    from agents import service
    from ranking.errors import RankingError

    own = settings.model_copy(update={"workspace": workspace_name(job.workspace_id)})
    try:
        service.rerank(own, job.payload["run_id"])
    except RankingError as error:
        raise BadInput(error.code, str(error)) from error


def teller(workspace_id: str, run_id: str) -> Callable[[str, int, int], None]:
    """Writes progress down as events of the run: what is new at once, what goes on at most once a second."""
    last_stage, told_at = "", 0.0

    def tell(stage: str, done: int, total: int) -> None:
        nonlocal last_stage, told_at
        if stage == last_stage and done < total and time.monotonic() - told_at < TOLD_EVERY_S:
            return
        last_stage, told_at = stage, time.monotonic()
        with database().write() as session:
            detail = {"stage": stage, "done": done, "total": total}
            RunEvents(session, workspace_id).add(run_id, "progress", detail)

    return tell
