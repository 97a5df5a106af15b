"""Which passages the reasoner will read."""

from __future__ import annotations

from collections import defaultdict

from agents.context import Context
from agents.state import Retrieved, State
from knowledge.library import Hit, Library, SearchRequest
from records.models import Passage
from records.repositories import Filters, Papers, Runs


def retrieve(context: Context, state: State) -> State:
    """The passages of the papers that are most likely to inspire an answer, paper by paper, best first."""
    library = context.library
    if library is None:
        return {"sources": []}
    context.progress("Searching the literature", 0, 1)
    best = _passages(context, library)
    with context.database.write() as session:
        Runs(session, context.workspace_id).set_outcome(context.run_id, {"retrieved": len(best)})
    context.progress("Searching the literature", 1, 1)
    return {"sources": best}


def _passages(context: Context, library: Library) -> list[Retrieved]:
    hits = library.search(
        SearchRequest(
            context.brief.question,
            context.brief.survey,
            mode="inspiration",
            filters=Filters(paper_ids=context.paper_ids),
            limit=context.plan.passages,
        )
    )
    with context.database.read() as session:
        held = Papers(session, context.workspace_id).passages([hit.paper_id for hit in hits])
    of_paper: dict[str, list[Passage]] = defaultdict(list)
    for passage in held:
        of_paper[passage.paper_id].append(passage)
    found = [
        Retrieved(passage_id=passage.id, score=hit.score)
        for hit in hits
        for passage in of_paper[hit.paper_id]
        if _is_read(passage, hit)
    ]
    return found[: context.plan.passages]


def _is_read(passage: Passage, hit: Hit) -> bool:
    """The abstract, and the passage that was found: a full text is too much to read."""
    return not passage.section or passage.id == hit.passage_id
