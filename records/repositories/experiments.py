"""Experiments of a run and their results."""

from __future__ import annotations

import math
from typing import Literal

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from records.base import now
from records.errors import BadInput, Conflict, NotFound
from records.models import Experiment, Hypothesis, Result, Run
from records.repositories.common import find_or_insert


class Experiments:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def recommend(self, run_id: str, sequence: int, hypothesis_id: str, by: str) -> Experiment:
        """The run's experiment of this number; asked again, the same one.

        Raises Conflict ``experiment_exists`` when that number already tests another hypothesis.
        """
        self._check_candidate(run_id, hypothesis_id)
        numbered = self._mine().where(Experiment.run_id == run_id, Experiment.sequence == sequence)
        fresh = Experiment(
            workspace_id=self._workspace_id,
            run_id=run_id,
            hypothesis_id=hypothesis_id,
            sequence=sequence,
            recommended_by=by,
        )
        experiment = find_or_insert(self._session, lambda: self._session.scalar(numbered), fresh)
        if experiment.hypothesis_id != hypothesis_id:
            raise Conflict("experiment_exists", f"experiment {sequence} of this run tests another hypothesis")
        return experiment

    def record(
        self,
        experiment_id: str,
        replicate: int = 0,
        *,
        status: Literal["done", "failed"] = "done",
        score: float | None = None,
        sem: float | None = None,
        unit: str = "",
        cost: float = 0.0,
        source: str,
        note: str = "",
    ) -> Result:
        """Keep a measurement, and close its experiment; told again the same, nothing changes.

        ``score`` and ``sem`` are in ``unit``; a failed one has neither. Raises BadInput ``bad_result``,
        and Conflict ``result_conflict`` when this replicate is known with another outcome.
        """
        _check_result(replicate, status, score, sem, cost)
        experiment = self.get(experiment_id)
        same = select(Result).where(Result.experiment_id == experiment_id, Result.replicate == replicate)
        fresh = Result(
            workspace_id=self._workspace_id,
            experiment_id=experiment_id,
            replicate=replicate,
            status=status,
            score=score,
            sem=sem,
            unit=unit,
            cost=cost,
            source=source,
            note=note,
        )
        result = find_or_insert(self._session, lambda: self._session.scalar(same), fresh)
        if (result.status, result.score, result.sem) != (status, score, sem):
            message = "this experiment already has another result; withdraw that one first"
            raise Conflict("result_conflict", message)
        self._session.expire(experiment, ["results"])
        outcomes = {known.status for known in experiment.results}
        experiment.state = "done" if "done" in outcomes else "failed"
        experiment.finished_at = experiment.finished_at or now()
        self._session.flush()
        return result

    def get(self, experiment_id: str) -> Experiment:
        """One experiment with its results."""
        found = self._session.scalar(self._mine().where(Experiment.id == experiment_id))
        if found is None:
            message = f"there is no experiment {experiment_id} in this workspace"
            raise NotFound("experiment_not_found", message)
        return found

    def of_run(self, run_id: str) -> list[Experiment]:
        """The run's experiments in their order, with their results."""
        query = self._mine().where(Experiment.run_id == run_id).order_by(Experiment.sequence)
        return list(self._session.scalars(query))

    def _mine(self) -> Select[Experiment]:
        return (
            select(Experiment)
            .where(Experiment.workspace_id == self._workspace_id)
            .options(selectinload(Experiment.results))
        )

    def _check_candidate(self, run_id: str, hypothesis_id: str) -> None:
        query = (
            select(Hypothesis.id)
            .join(Run, Run.id == Hypothesis.run_id)
            .where(Hypothesis.id == hypothesis_id, Run.id == run_id, Run.workspace_id == self._workspace_id)
        )
        if self._session.scalar(query) is None:
            raise NotFound("hypothesis_not_found", f"there is no hypothesis {hypothesis_id} in run {run_id}")


def _check_result(replicate: int, status: str, score: float | None, sem: float | None, cost: float) -> None:
    if replicate < 0:
        raise BadInput("bad_result", "a replicate's number is 0 or more")
    if not math.isfinite(cost) or cost < 0:
        raise BadInput("bad_result", "a result's cost is a finite number, 0 or more")
    if status == "failed":
        if score is not None or sem is not None:
            raise BadInput("bad_result", "a failed experiment has neither a score nor a standard error")
        return
    if status != "done":
        raise BadInput("bad_result", "a result is either done or failed")
    if score is None or not math.isfinite(score):
        raise BadInput(
            "bad_result", "a result needs a finite score; if there was none to be had, say it failed"
        )
    if sem is not None and not (math.isfinite(sem) and sem >= 0):
        raise BadInput("bad_result", "a standard error is a finite number, 0 or more")
