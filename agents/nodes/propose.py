"""What might be tested: hypotheses from the literature, candidates brought along, a measured table's rows."""

from __future__ import annotations

from collections.abc import Sequence

from agents.context import Context
from agents.drafts import Draft, Source
from agents.merge import merge
from agents.rows import row_of_draft, row_of_own, rows_of_table
from agents.sources import load_sources
from agents.state import State
from records.repositories import Hypotheses

TRIES = 3
"""Times that the reasoner is asked for more because near-duplicates were merged away."""


def propose(context: Context, state: State) -> State:
    """Fill the run's pool: merged hypotheses first, then what was brought along, then the table's rows."""
    sources = load_sources(context, state.get("sources", []))
    drafts = _propose(context, sources) if sources else []
    plan = context.plan
    rows = [row_of_draft(draft, context.reasoner, plan.seed) for draft in drafts]
    rows += [row_of_own(candidate) for candidate in plan.candidates]
    rows += rows_of_table(plan.laboratory)
    with context.database.write() as session:
        Hypotheses(session, context.workspace_id).replace(context.run_id, rows)
    context.campaigns.forget()
    notes = list(state.get("notes", []))
    if sources and len(drafts) < plan.hypotheses:
        notes.append(f"{len(drafts)} distinct hypotheses were found; {plan.hypotheses} were asked for.")
    return {"hypotheses": len(rows), "notes": notes}


def _propose(context: Context, sources: Sequence[Source]) -> list[Draft]:
    wanted = context.plan.hypotheses
    asked = wanted
    merged: list[Draft] = []
    for _ in range(TRIES):
        context.progress("Proposing hypotheses", len(merged), wanted)
        drafts = context.reasoner.propose(context.brief, sources, asked, context.plan.seed)
        merged = merge(drafts, context.embedder)
        if len(merged) >= wanted or len(drafts) < asked:
            break  # enough, or the reasoner has no more
        asked += 2 * (wanted - len(merged))
    context.progress("Proposing hypotheses", min(len(merged), wanted), wanted)
    return merged[:wanted]
