"""Experiments of a run and their results."""

from __future__ import annotations

import math
from collections.abc import Collection
from datetime import datetime
from typing import Literal

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session, selectinload

from records.base import now
from records.errors import BadInput, Conflict, NotFound
from records.models import Experiment, Hypothesis, Result, Run
from records.repositories.common import find_or_insert


class Experiments:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def recommend(
        self,
        run_id: str,
        sequence: int,
        hypothesis_id: str,
        by: str,
        expected: tuple[float, float] | None = None,
    ) -> Experiment:
        """The run's experiment of this number; asked again, the same one.

        ``expected``: the score that is expected of it, with its standard deviation. Raises Conflict
        ``experiment_exists`` when that number already tests another hypothesis.
        """
        self._check_candidate(run_id, hypothesis_id)
        numbered = self._mine().where(Experiment.run_id == run_id, Experiment.sequence == sequence)
        fresh = Experiment(
            workspace_id=self._workspace_id,
            run_id=run_id,
            hypothesis_id=hypothesis_id,
            sequence=sequence,
            recommended_by=by,
            expected=None if expected is None else expected[0],
            expected_sd=None if expected is None else expected[1],
        )
        experiment = find_or_insert(self._session, lambda: self._session.scalar(numbered), fresh)
        if experiment.hypothesis_id != hypothesis_id:
            raise Conflict("experiment_exists", f"experiment {sequence} of this run tests another hypothesis")
        return experiment

    def choose(
        self, run_id: str, hypothesis_id: str, by: str, expected: tuple[float, float] | None = None
    ) -> Experiment:
        """One more experiment, which no policy asked for; the one that waits already, if there is one."""
        self._check_candidate(run_id, hypothesis_id)
        waiting = self._mine().where(
            Experiment.run_id == run_id,
            Experiment.hypothesis_id == hypothesis_id,
            Experiment.state == "pending",
        )
        found = self._session.scalar(waiting)
        if found is not None:
            return found
        last = self._session.scalar(select(func.max(Experiment.sequence)).where(Experiment.run_id == run_id))
        return self.recommend(run_id, (last or 0) + 1, hypothesis_id, by, expected)

    def to_enter(self, run_id: str, hypothesis_id: str, by: str) -> Experiment:
        """The newest experiment on this hypothesis, for whoever has a result of it; a new one if need be."""
        self._check_candidate(run_id, hypothesis_id)
        newest = self._mine().where(
            Experiment.run_id == run_id,
            Experiment.hypothesis_id == hypothesis_id,
            Experiment.state != "abandoned",
        )
        found = self._session.scalar(newest.order_by(Experiment.sequence.desc()).limit(1))
        return found or self.choose(run_id, hypothesis_id, by)

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
        measured_at: datetime | None = None,
        entered_by: str = "",
    ) -> Result:
        """Keep a measurement, and close its experiment; told again the same, nothing changes.

        ``score`` and ``sem`` are in ``unit``; a failed one has neither. A withdrawn replicate is replaced.
        Raises BadInput ``bad_result``, and Conflict ``result_conflict`` when this replicate is known with
        another outcome.
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
            measured_at=measured_at,
            entered_by=entered_by,
        )
        result = find_or_insert(self._session, lambda: self._session.scalar(same), fresh)
        if result.status == "withdrawn":
            return self.amend(
                result,
                status=status,
                score=score,
                sem=sem,
                unit=unit,
                cost=cost,
                source=source,
                note=note,
                measured_at=measured_at,
                entered_by=entered_by,
            )
        if (result.status, result.score, result.sem) != (status, score, sem):
            message = "this experiment already has another result; amend that one, or withdraw it first"
            raise Conflict("result_conflict", message)
        self._settle(experiment, "pending")
        return result

    def amend(
        self,
        result: Result,
        *,
        status: Literal["done", "failed"],
        score: float | None,
        sem: float | None,
        unit: str,
        cost: float,
        source: str,
        note: str,
        measured_at: datetime | None,
        entered_by: str,
    ) -> Result:
        """Make this what the result says (BadInput ``bad_result``); a withdrawn one counts again."""
        _check_result(result.replicate, status, score, sem, cost)
        result.status, result.score, result.sem, result.unit = status, score, sem, unit
        result.cost, result.source, result.note = cost, source, note
        result.measured_at, result.entered_by = measured_at, entered_by
        self._settle(self.get(result.experiment_id), "pending")
        return result

    def withdraw(self, result: Result, then: Literal["pending", "abandoned"]) -> Result:
        """It no longer counts, but stays to be seen; an experiment without any other becomes ``then``."""
        result.status = "withdrawn"
        self._settle(self.get(result.experiment_id), then)
        return result

    def abandon(self, experiment_id: str) -> Experiment:
        """Nobody will do it (Conflict ``experiment_has_results``)."""
        experiment = self.get(experiment_id)
        if any(result.status != "withdrawn" for result in experiment.results):
            raise Conflict("experiment_has_results", "this experiment has a result; withdraw that one first")
        experiment.state, experiment.finished_at = "abandoned", now()
        self._session.flush()
        return experiment

    def result(self, result_id: str) -> Result:
        query = select(Result).where(Result.id == result_id, Result.workspace_id == self._workspace_id)
        found = self._session.scalar(query)
        if found is None:
            raise NotFound("result_not_found", f"there is no result {result_id} in this workspace")
        return found

    def _settle(self, experiment: Experiment, without_results: str) -> None:
        """The experiment's state from its results."""
        self._session.flush()
        self._session.expire(experiment, ["results"])
        outcomes = {known.status for known in experiment.results} - {"withdrawn"}
        if not outcomes:
            experiment.state = without_results
        else:
            experiment.state = "done" if "done" in outcomes else "failed"
        experiment.finished_at = None if experiment.state == "pending" else experiment.finished_at or now()
        self._session.flush()

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

    def counts(self, run_ids: Collection[str]) -> dict[str, dict[str, int]]:
        """How many of each of these runs' experiments are in which state."""
        query = (
            select(Experiment.run_id, Experiment.state, func.count())
            .where(Experiment.workspace_id == self._workspace_id, Experiment.run_id.in_(run_ids))
            .group_by(Experiment.run_id, Experiment.state)
        )
        found: dict[str, dict[str, int]] = {}
        for run_id, state, count in self._session.execute(query):
            found.setdefault(run_id, {})[state] = count
        return found

    def waiting(self, limit: int) -> list[tuple[Experiment, str]]:
        """The experiments that people are waited for, oldest first, with their hypotheses' titles."""
        query = (
            select(Experiment, Hypothesis.title)
            .join(Hypothesis, Hypothesis.id == Experiment.hypothesis_id)
            .join(Run, Run.id == Experiment.run_id)
            .where(Experiment.workspace_id == self._workspace_id)
            .where(Experiment.state == "pending", Run.state == "waiting")
        )
        rows = self._session.execute(query.order_by(Experiment.id).limit(limit))
        return [(experiment, title) for experiment, title in rows]

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
