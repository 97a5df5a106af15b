"""Each hypothesis broken into its functional traits."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from agents.context import Context
from agents.drafts import KeyPoint
from agents.rows import OWN, TABLE, draft_of_row
from agents.sources import load_sources
from agents.state import State
from records.models import Hypothesis
from records.repositories import Hypotheses


def decompose(context: Context, state: State) -> State:
    """Ask the reasoner for the key points of every hypothesis; some have theirs, a table's rows columns.

    Where it finds none, what the hypothesis proposes stands for them whole: without any it could be tested on
    nothing, and would rank as if it claimed nothing.
    """
    with context.database.read() as session:
        rows = Hypotheses(session, context.workspace_id).of_run(context.run_id)
    given = {position for position, one in enumerate(context.plan.candidates) if one.key_points}
    own = [row for row in rows if row.origin == OWN]
    told = {row.id for position, row in enumerate(own) if position in given}
    written = [row for row in rows if row.origin != TABLE and row.id not in told]
    found = _decompose(context, state, written)
    whole = [row for row, key_points in zip(written, found, strict=True) if not key_points]
    notes = list(state.get("notes", []))
    if whole:
        notes.append(f"{len(whole)} of {len(written)} hypotheses stand whole in place of their key points.")
    named = {
        row.id: [(point.name, point.role) for point in key_points or _proposals(row)]
        for row, key_points in zip(written, found, strict=True)
    }
    with context.database.write() as session:
        Hypotheses(session, context.workspace_id).set_key_points(named)
    context.campaigns.forget()
    return {"notes": notes}


def _proposals(row: Hypothesis) -> list[KeyPoint]:
    return [KeyPoint(clause.text, clause.kind) for clause in row.clauses if clause.kind == "proposal"]


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
