"""Questions and the runs that answer them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, defer

from records.base import now
from records.errors import NotFound
from records.models import Question, Run, RunEvent, RunPaper
from records.repositories.common import fetch_by
from records.repositories.papers import Papers

RunState = Literal["created", "running", "waiting", "paused", "done", "stopped", "failed", "cancelled"]
FINAL: frozenset[RunState] = frozenset({"done", "stopped", "failed", "cancelled"})


class Runs:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def create(
        self,
        question: str,
        survey: str,
        plan: Mapping[str, Any],
        paper_ids: Sequence[str],
        *,
        created_by: str = "",
        cloned_from: str | None = None,
    ) -> Run:
        """A run in state ``created``, with its question and the papers that it may read."""
        wanted = dict.fromkeys(paper_ids)
        Papers(self._session, self._workspace_id).check_readable(wanted)
        asked = Question(workspace_id=self._workspace_id, text=question, survey=survey)
        self._session.add(asked)
        self._session.flush()
        run = Run(
            workspace_id=self._workspace_id,
            question_id=asked.id,
            plan=dict(plan),
            outcome={},
            created_by=created_by,
            cloned_from=cloned_from,
        )
        self._session.add(run)
        self._session.flush()
        self._session.add_all(RunPaper(run_id=run.id, paper_id=paper_id) for paper_id in wanted)
        self._session.flush()
        return run

    def get(self, run_id: str) -> Run:
        run = self._session.get(Run, run_id)
        if run is None or run.workspace_id != self._workspace_id:
            raise NotFound("run_not_found", f"there is no run {run_id} in this workspace")
        return run

    def question(self, run_id: str) -> Question:
        return self._session.get_one(Question, self.get(run_id).question_id)

    def questions(self, runs: Sequence[Run]) -> dict[str, str]:
        """The texts of these runs' questions, by the question's id."""
        wanted = {run.question_id for run in runs}
        query = select(Question).where(Question.workspace_id == self._workspace_id)
        return {row.id: row.text for row in fetch_by(self._session, query, Question.id, wanted)}

    def count_papers(self, run_id: str) -> int:
        query = select(func.count()).select_from(RunPaper).where(RunPaper.run_id == self.get(run_id).id)
        return self._session.scalar(query) or 0

    def paper_ids(self, run_id: str) -> list[str]:
        """The run's corpus, in the order in which it was given."""
        query = select(RunPaper.paper_id).where(RunPaper.run_id == self.get(run_id).id).order_by(RunPaper.id)
        return list(self._session.scalars(query))

    def recent(self, limit: int = 50) -> list[Run]:
        """The newest runs first."""
        query = select(Run).where(Run.workspace_id == self._workspace_id)
        return list(self._session.scalars(query.order_by(Run.id.desc()).limit(limit)))

    def page(self, limit: int, after: str | None = None, state: str | None = None) -> list[Run]:
        """Up to ``limit`` runs, newest first, older than ``after``; plan and outcome are read late."""
        query = select(Run).where(Run.workspace_id == self._workspace_id)
        query = query.options(defer(Run.outcome), defer(Run.plan))
        if after is not None:
            query = query.where(Run.id < after)
        if state is not None:
            query = query.where(Run.state == state)
        return list(self._session.scalars(query.order_by(Run.id.desc()).limit(limit)))

    def begin(self, run_id: str) -> RunState:
        """A worker takes it up: running, unless it was paused or cancelled a moment ago; its state then."""
        run = self._locked(run_id)
        if run.state not in ("paused", "cancelled"):
            self.set_state(run_id, "running")
        state: RunState = run.state  # type: ignore[assignment]
        return state

    def set_state(self, run_id: str, state: RunState) -> None:
        if state not in get_args(RunState):
            raise ValueError(f"{state!r} is no state of a run")
        run = self._locked(run_id)
        if run.state != state:
            self._session.add(RunEvent(run_id=run_id, kind="state", detail={"state": state}))
        run.state = state
        run.finished_at = now() if state in FINAL else None
        self._session.flush()

    def set_stage(self, run_id: str, stage: str) -> None:
        """A node of the graph has ended."""
        self._locked(run_id).stage = stage
        self._session.add(RunEvent(run_id=run_id, kind="stage", detail={"stage": stage}))
        self._session.flush()

    def set_plan(self, run_id: str, changes: Mapping[str, Any]) -> None:
        """Put these entries into the plan; entries under other names stay."""
        run = self._locked(run_id)
        run.plan = {**run.plan, **changes}
        self._session.flush()

    def set_outcome(self, run_id: str, changes: Mapping[str, Any]) -> None:
        """Put these entries into the outcome; entries under other names stay."""
        run = self._locked(run_id)
        run.outcome = {**run.outcome, **changes}
        self._session.flush()

    def _mine(self, run_id: str) -> Select[Run]:
        return select(Run).where(Run.id == run_id, Run.workspace_id == self._workspace_id)

    def _locked(self, run_id: str) -> Run:
        """The run, read afresh and held until the transaction ends: a merge must not lose another's."""
        query = self._mine(run_id).with_for_update().execution_options(populate_existing=True)
        run = self._session.scalar(query)
        if run is None:
            raise NotFound("run_not_found", f"there is no run {run_id} in this workspace")
        return run
