"""Which candidates to test next."""

from __future__ import annotations

from agents.context import Context
from agents.state import State
from records.repositories import Experiments


def recommend(context: Context, state: State) -> State:
    """Put down as pending what the policy recommends, to fill the batch within the budget."""
    with context.database.read() as session:
        known = Experiments(session, context.workspace_id).of_run(context.run_id)
    pending = sum(row.state == "pending" for row in known)
    if len(known) > state.get("experiments", 0):
        # This node was killed after its transaction: what it recommended then stands.
        return {"experiments": len(known), "pending": pending, "exhausted": False}
    wanted = min(context.plan.batch - pending, context.plan.experiments - len(known))
    campaign = context.campaigns.rebuild()
    chosen = campaign.recommend(wanted) if wanted > 0 else []
    ids = context.campaigns.pool().hypothesis_ids
    with context.database.write() as session:
        experiments = Experiments(session, context.workspace_id)
        for offset, candidate in enumerate(chosen, start=1):
            experiments.recommend(
                context.run_id,
                len(known) + offset,
                ids[int(candidate)],
                context.campaigns.policy,
                campaign.expected(candidate),
            )
    return {
        "experiments": len(known) + len(chosen),
        "pending": pending + len(chosen),
        "exhausted": len(chosen) < wanted,
    }
