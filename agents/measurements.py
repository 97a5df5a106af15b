"""A human laboratory's two sides: what waits to be measured, and the value that a person brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from records.database import Database
from records.repositories import Audit, Experiments, Hypotheses


@dataclass(frozen=True, slots=True)
class Waiting:
    """An experiment that was asked for and has no result yet."""

    experiment_id: str
    sequence: int
    title: str


def waiting(database: Database, workspace_id: str, run_id: str) -> list[Waiting]:
    """The run's experiments without a result, in the order in which they were asked for."""
    with database.read() as session:
        titles = {row.id: row.title for row in Hypotheses(session, workspace_id).of_run(run_id)}
        return [
            Waiting(experiment.id, experiment.sequence, titles[experiment.hypothesis_id])
            for experiment in Experiments(session, workspace_id).of_run(run_id)
            if experiment.state == "pending"
        ]


def enter_result(
    database: Database,
    workspace_id: str,
    experiment_id: str,
    *,
    score: float | None,
    sem: float | None = None,
    unit: str = "",
    cost: float = 0.0,
    source: str,
    note: str = "",
) -> None:
    """Keep a measured value, or without a score the fact that the experiment failed, and who said so.

    Raises NotFound for an unknown experiment, BadInput for a value that is none, Conflict where one stands.
    """
    status: Literal["done", "failed"] = "failed" if score is None else "done"
    with database.write() as session:
        Experiments(session, workspace_id).record(
            experiment_id,
            status=status,
            score=score,
            sem=sem,
            unit=unit,
            cost=cost,
            source=source,
            note=note,
        )
        Audit(session, workspace_id).add(
            source, f"result.{status}", "experiment", experiment_id, {"score": score}
        )
