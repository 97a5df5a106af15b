"""The end of a run: its ranking, kept."""

from __future__ import annotations

from agents.context import Context
from agents.standings import standings
from agents.state import State
from agents.whatif import comparisons
from records.repositories import Runs


def conclude(context: Context, state: State) -> State:
    """Keep what the report needs beyond rows, and close the run."""
    outcome = standings(context) | comparisons(context)
    with context.database.write() as session:
        runs = Runs(session, context.workspace_id)
        runs.set_outcome(context.run_id, outcome)
        runs.set_state(context.run_id, "done" if state.get("hypotheses") else "stopped")
    return {}
