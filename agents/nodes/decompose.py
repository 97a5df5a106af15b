"""Each hypothesis broken into its functional traits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from agents.context import Context
from agents.drafts import KeyPoint
from agents.rows import TABLE, draft_of_row
from agents.sources import load_sources
from agents.state import State
from records.models import Hypothesis
from records.repositories import Hypotheses


def decompose(context: Context, state: State) -> State:
    """Ask the reasoner for the key points of every hypothesis; a table's rows have their columns."""
    with context.database.read() as session:
        rows = Hypotheses(session, context.workspace_id).of_run(context.run_id)
    written = [row for row in rows if row.origin != TABLE]
    found = _decompose(context, state, written)
    with context.database.write() as session:
        hypotheses = Hypotheses(session, context.workspace_id)
        for row, key_points in zip(written, found, strict=True):
            hypotheses.set_key_points(row.id, [(point.name, point.role) for point in key_points])
    context.campaigns.forget()
    return {}


def _decompose(context: Context, state: State, rows: list[Hypothesis]) -> list[list[KeyPoint]]:
    sources = load_sources(context, state.get("sources", []))

    def ask(row: Hypothesis) -> list[KeyPoint]:
        return context.reasoner.decompose(context.brief, draft_of_row(row), sources)

    found = []
    with ThreadPoolExecutor(context.calls_at_once) as pool:
        for key_points in pool.map(ask, rows):  # answers come in the rows' order
            found.append(key_points)
            context.progress("Breaking hypotheses into key points", len(found), len(rows))
    return found
