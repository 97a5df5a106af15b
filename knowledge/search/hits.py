"""What was found, read from the database: one work once, with what a reader should know of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from knowledge.search.request import Hit
from knowledge.search.tier import Tier
from records.database import Database
from records.models import Paper
from records.repositories import Searchable, Searched

SPARE = 10
"""Passages that are read beyond those wanted, for some are earlier versions of others."""


@dataclass(frozen=True, slots=True)
class Found:
    """A passage's place among those that were found."""

    passage_id: str
    tier: int
    score: float
    dense_rank: int | None = None
    lexical_rank: int | None = None
    parts: Mapping[str, float] = field(default_factory=dict)
    because: str = ""


def read(database: Database, tiers: Sequence[Tier], found: Sequence[Found], limit: int) -> list[Hit] | None:
    """The first ``limit`` hits; of a work that has several records here, the latest that was found.

    None where one of the passages is no more in the database.
    """
    hits: list[Hit] = []
    step = limit + SPARE
    for start in range(0, len(found), step):
        batch = found[start : start + step]
        texts, papers, later = _rows(database, tiers, batch)
        if any(one.passage_id not in texts for one in batch):
            return None
        hits += [_hit(one, tiers[one.tier].name, texts[one.passage_id], papers, later) for one in batch]
        here = {hit.paper_id for hit in hits}
        hits = [hit for hit in hits if hit.version_of not in here]
        if len(hits) >= limit:
            break
    return hits[:limit]


def _rows(
    database: Database, tiers: Sequence[Tier], batch: Sequence[Found]
) -> tuple[dict[str, Searched], dict[str, Paper], dict[str, str]]:
    texts: dict[str, Searched] = {}
    papers: dict[str, Paper] = {}
    with database.read() as session:
        for place, tier in enumerate(tiers):
            own = [one.passage_id for one in batch if one.tier == place]
            if not own:
                continue
            searchable = Searchable(session, tier.workspace_id)
            texts.update((one.id, one) for one in searchable.texts(own))
            papers.update(searchable.papers({texts[one].paper_id for one in own if one in texts}))
    later = {paper.id: paper.version_of for paper in papers.values() if paper.version_of is not None}
    return texts, papers, later


def _hit(one: Found, tier: str, text: Searched, papers: Mapping[str, Paper], later: Mapping[str, str]) -> Hit:
    paper = papers[text.paper_id]
    return Hit(
        passage_id=one.passage_id,
        paper_id=paper.id,
        title=paper.title,
        year=paper.year,
        text=text.text,
        score=one.score,
        dense_rank=one.dense_rank,
        lexical_rank=one.lexical_rank,
        venue=paper.venue,
        section=text.section,
        retraction=paper.retraction,
        version_of=later.get(paper.id),
        tier=tier,
        parts=one.parts,
        because=one.because,
    )
