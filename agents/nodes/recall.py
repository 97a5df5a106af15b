"""Results that were there before the run: told first, and none of the budget's experiments."""

from __future__ import annotations

from agents.context import Context
from agents.rows import OWN
from agents.state import State
from records.repositories import Experiments, Hypotheses

KNOWN = "known before"
"""Who recommended an experiment that was done before the run."""


def recall(context: Context, state: State) -> State:
    """Put down what is known of the candidates that were brought along."""
    if not context.plan.known:
        return {}
    told = 0
    with context.database.write() as session:
        rows = Hypotheses(session, context.workspace_id).of_run(context.run_id)
        own = [row for row in rows if row.origin == OWN]
        experiments = Experiments(session, context.workspace_id)
        for row, candidate in zip(own, context.plan.candidates, strict=True):
            if not candidate.results:
                continue
            told += 1
            done = experiments.recommend(context.run_id, told, row.id, KNOWN)
            for replicate, known in enumerate(candidate.results):
                experiments.record(
                    done.id,
                    replicate,
                    status="failed" if known.score is None else "done",
                    score=known.score,
                    sem=known.sem,
                    unit=known.unit,
                    cost=known.cost,
                    source=known.source,
                    note=known.note,
                )
    return {"experiments": told, "pending": 0}
