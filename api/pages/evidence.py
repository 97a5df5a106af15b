"""The passages and papers that speak for a hypothesis."""

from __future__ import annotations

from typing import Any

from api.caller import Caller
from api.schemas.hypotheses import HypothesisOut
from records.repositories import Papers


def evidence_of(caller: Caller, found: HypothesisOut) -> dict[str, Any]:
    """``passages`` and ``papers`` by id: what its clauses quote, and what inspired it."""
    quoted = {quote.passage_id for clause in found.clauses for quote in clause.evidence}
    with caller.read() as session:
        papers = Papers(session, caller.workspace_id)
        passages = papers.passages_by_id(quoted | set(found.inspirations))
        return {
            "passages": passages,
            "papers": {row.id: row for row in papers.all({one.paper_id for one in passages.values()})},
        }
