"""What a person wants of a run: to pause, to go on, to end.

A run that nobody is at work on obeys at once; a worker looks before each step.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.errors import Conflict, NotFound
from records.models import Run
from records.repositories.runs import FINAL, Runs

OBEYED: Mapping[str, Literal["paused", "cancelled"]] = {"pause": "paused", "cancel": "cancelled"}
"""A wish, and the state of the run that follows it."""


class RunControl:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id
        self._runs = Runs(session, workspace_id)

    def pause(self, run_id: str) -> Run:
        """Paused at once, or before a worker's next step (Conflict ``run_is_over``)."""
        run = self._unfinished(run_id)
        if run.state == "running":
            run.control = "pause"
        else:
            self._runs.set_state(run_id, "paused")
        return run

    def cancel(self, run_id: str) -> Run:
        """Ended at once, or before a worker's next step; what it has stays (Conflict ``run_is_over``)."""
        run = self._unfinished(run_id)
        if run.state == "running":
            run.control = "cancel"
        else:
            self._runs.set_state(run_id, "cancelled")
        return run

    def resume(self, run_id: str) -> Run:
        """Let it go on from where it was: a paused run, a failed one, or one about to pause.

        Raises Conflict ``run_not_resumable`` for any other.
        """
        run = self._locked(run_id)
        if run.control == "pause":
            run.control = ""
        elif run.state in ("paused", "failed"):
            run.control = ""
            self._runs.set_state(run_id, "created")
        else:
            message = f"this run is {run.state}; only a paused or a failed one can be resumed"
            raise Conflict("run_not_resumable", message)
        return run

    def obey(self, run_id: str) -> Literal["paused", "cancelled"] | None:
        """What the worker does before each step: end as somebody wishes, or go on."""
        run = self._locked(run_id)
        wish, run.control = run.control, ""
        if wish not in OBEYED:
            return None
        self._runs.set_state(run_id, OBEYED[wish])
        return OBEYED[wish]

    def _unfinished(self, run_id: str) -> Run:
        run = self._locked(run_id)
        if run.state in FINAL:
            raise Conflict("run_is_over", f"this run is {run.state} already")
        return run

    def _locked(self, run_id: str) -> Run:
        query = select(Run).where(Run.id == run_id, Run.workspace_id == self._workspace_id)
        run = self._session.scalar(query.with_for_update().execution_options(populate_existing=True))
        if run is None:
            raise NotFound("run_not_found", f"there is no run {run_id} in this workspace")
        return run
