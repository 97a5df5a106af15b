"""Which passages the reasoner will read."""

from __future__ import annotations

from agents.context import Context
from agents.state import Retrieved, State
from records.repositories import Runs


def retrieve(context: Context, state: State) -> State:
    """The passages nearest to the question and to what the field has tried, best first.

    A passage that both find gets both scores: an inspiration should speak to the question, and differ from
    the survey in what it brings, not in what it is about.
    """
    library = context.library
    if library is None:
        return {"sources": []}
    context.progress("Searching the literature", 0, 1)
    queries = [text for text in (context.brief.question, context.brief.survey) if text.strip()]
    scores: dict[str, float] = {}
    for query in queries:
        hits = library.search(query, paper_ids=context.paper_ids, limit=context.plan.passages)
        for hit in hits:
            scores[hit.passage_id] = scores.get(hit.passage_id, 0.0) + hit.score
    # Sorting is stable: equals stay in the order in which the question found them.
    best = sorted(scores.items(), key=lambda item: -item[1])[: context.plan.passages]
    with context.database.write() as session:
        Runs(session, context.workspace_id).set_outcome(context.run_id, {"retrieved": len(best)})
    context.progress("Searching the literature", 1, 1)
    return {"sources": [Retrieved(passage_id=passage, score=score) for passage, score in best]}
