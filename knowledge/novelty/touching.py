"""New papers that touch hypotheses: looked for whenever papers came in."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from knowledge.embedding import Embedder
from knowledge.novelty.checking import SAMPLE, SHOWN, claim_of, published, told
from knowledge.novelty.overlap import (
    Claim,
    Overlap,
    Published,
    Rarity,
    compare,
    rarity,
    words_of,
    words_shared,
)
from records.database import Database
from records.models import Hypothesis
from records.repositories import Workspaces
from records.repositories.general import GENERAL
from records.repositories.novelty import Novelties

NOTICEABLE = 0.1
"""By so much a paper lowers a hypothesis' novelty when it is flagged."""
STILL_NEW = 0.8
"""A paper that leaves so much novelty touches nothing."""
_NO_VECTORS = np.zeros((0, 0), dtype=np.float32)
SOME_WORDS = 0.2
"""Of a hypothesis' key points: a paper that shares fewer words is not compared by meaning."""


def flag_touched(
    database: Database, workspace_id: str, paper_ids: Collection[str], embedder: Embedder
) -> int:
    """Flag open hypotheses whose novelty one of these new papers lowers noticeably; how many flags are new.

    A hypothesis that nobody has looked at counts as wholly new. Papers that came into the general workspace
    are held against every workspace's hypotheses. Called again for the same papers, it flags nothing twice.
    """
    if not paper_ids:
        return 0
    with database.read() as session:
        workspaces = Workspaces(session)
        everybody = workspaces.get(workspace_id).name == GENERAL
        readers = workspaces.ids() if everybody else [workspace_id]
    return sum(_flag(database, reader, paper_ids, embedder) for reader in readers)


def _flag(database: Database, workspace_id: str, paper_ids: Collection[str], embedder: Embedder) -> int:
    with database.read() as session:
        novelties = Novelties(session, workspace_id)
        rows = list(novelties.open_hypotheses())
        if not rows:
            return 0
        new = published(novelties.passages_of(embedder.name, paper_ids))
        rare = rarity(novelties.sample(SAMPLE))
        session.expunge_all()
    flagged = 0
    for row in rows:
        near = _sharing_words(row, new, rare)
        if near:
            claim = claim_of(row, embedder)
            flagged += _keep(database, workspace_id, row.id, claim, compare(claim, near, rare), embedder.name)
    return flagged


def _sharing_words(row: Hypothesis, new: Sequence[Published], rare: Rarity) -> list[Published]:
    """Passages of the papers that share words with the key points: embedding every claim would take hours."""
    names = [point.name for point in row.key_points] or [row.statement]
    claim = Claim(tuple(names), tuple(words_of(name) for name in names), _NO_VECTORS)
    texts: dict[str, list[str]] = {}
    for passage in new:
        texts.setdefault(passage.paper_id, []).append(passage.text)
    near = {paper for paper, some in texts.items() if words_shared(claim, some, rare) >= SOME_WORDS}
    return [passage for passage in new if passage.paper_id in near]


def _keep(
    database: Database,
    workspace_id: str,
    hypothesis_id: str,
    claim: Claim,
    overlaps: Sequence[Overlap],
    model: str,
) -> int:
    with database.write() as session:
        novelties = Novelties(session, workspace_id)
        known = novelties.find(hypothesis_id)
        before = 1.0 if known is None else known.score
        touching = [
            one for one in overlaps if one.novelty <= STILL_NEW and one.novelty <= before - NOTICEABLE
        ]
        new = [one for one in touching if novelties.flag(hypothesis_id, one.paper_id, one.novelty)]
        if new and known is not None:
            titles = novelties.titles([one.paper_id for one in new])
            nearest = [*known.nearest, *(told(one, claim, titles) for one in new)]
            best = sorted(nearest, key=lambda one: (one["score"], one["paper_id"]))[:SHOWN]
            novelties.keep(hypothesis_id, min(before, best[0]["score"]), best, model)
    return len(new)
