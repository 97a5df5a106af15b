"""Results of the experiments that were asked for: measured here, or waited for."""

from __future__ import annotations

from collections.abc import Sequence

from langgraph.types import interrupt

from agents.context import Context
from agents.state import State
from records.models import Experiment
from records.repositories import Experiments


def measure(context: Context, state: State) -> State:
    """Measure what is pending and keep the results; where a person measures, stop until there is a new one.

    The graph is resumed by results found in the database, so nothing is handed through the interrupt.
    """
    known, awaited = _experiments(context)
    if context.plan.laboratory.kind == "human":
        if awaited and len(awaited) >= state["pending"]:
            interrupt({"experiments": [row.id for row in awaited]})
    else:
        _measure(context, awaited)
        known, awaited = _experiments(context)
    context.progress("Ranking by experiments", len(known) - len(awaited), context.plan.experiments)
    return {"experiments": len(known), "pending": len(awaited)}


def _experiments(context: Context) -> tuple[list[Experiment], list[Experiment]]:
    """All of the run's, and those of them that wait for a result."""
    with context.database.read() as session:
        known = Experiments(session, context.workspace_id).of_run(context.run_id)
    return known, [row for row in known if row.state == "pending"]


def _measure(context: Context, awaited: Sequence[Experiment]) -> None:
    laboratory = context.laboratory
    if laboratory is None or not awaited:
        return
    pool = context.campaigns.pool()
    sample_of = dict(zip(pool.hypothesis_ids, pool.samples, strict=True))
    results = laboratory.measure([sample_of[row.hypothesis_id] for row in awaited])
    with context.database.write() as session:
        experiments = Experiments(session, context.workspace_id)
        for row, result in zip(awaited, results, strict=True):
            if result.status == "pending":
                continue
            experiments.record(
                row.id,
                status=result.status,
                score=result.score,
                sem=result.sem,
                cost=result.cost,
                source=result.source,
                note=result.note,
            )
