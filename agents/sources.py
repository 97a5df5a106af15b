"""Retrieved passages, read from the database for the reasoner."""

from __future__ import annotations

from collections.abc import Sequence

from agents.context import Context
from agents.drafts import Source
from agents.state import Retrieved
from records.repositories import Papers


def load_sources(context: Context, retrieved: Sequence[Retrieved]) -> list[Source]:
    """The passages with their papers' titles and years, in the order in which they were retrieved."""
    with context.database.read() as session:
        papers = Papers(session, context.workspace_id)
        passages = papers.passages_by_id([item["passage_id"] for item in retrieved])
        paper_of = {paper.id: paper for paper in papers.all({row.paper_id for row in passages.values()})}
    sources = []
    for item in retrieved:
        passage = passages[item["passage_id"]]
        paper = paper_of[passage.paper_id]
        sources.append(Source(passage.id, paper.id, paper.title, paper.year, passage.text, item["score"]))
    return sources
