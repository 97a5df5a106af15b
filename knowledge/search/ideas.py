"""Papers that might bring the missing idea: of all tiers a pool is chosen, and looked at closely."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, vstack

from knowledge.embedding import Embedder
from knowledge.lexical import Weighed, best, bm25, weigh, widened
from knowledge.search.inspiration import (
    PARTS,
    Floats,
    Pool,
    Problem,
    Scored,
    paper_vectors,
    ranking,
    read_problem,
    score,
)
from knowledge.search.tier import Tier
from knowledge.vectors import of_titles, unpacked
from records.database import Database
from records.repositories import Searchable, Vectors

WHOLE = 2_000
"""Papers up to which all are looked at."""

PER_VIEW, PER_WORDS = 100, 300
"""Of a larger library, passages that each sentence brings by meaning, and all together by words."""

YARDSTICK = 500
"""Papers that are looked at beside them, evenly from all, so that the scores keep their scale."""


@dataclass(frozen=True, slots=True)
class Idea:
    """A paper, the passage of it that says most to the problem, and what it was found by."""

    passage_id: str
    tier: int
    score: float
    parts: dict[str, float]
    because: str


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The pool's papers of one tier, with their passages one after another."""

    passages: list[str]
    starts: list[int]
    rows: list[int]
    papers: list[int]


def find(
    database: Database,
    tiers: Sequence[Tier],
    wanted: Sequence[Collection[str] | None],
    question: str,
    survey: str,
    embedder: Embedder,
    limit: int,
) -> tuple[list[Idea], Weighed]:
    """The papers most likely to inspire an answer, best first.

    ``wanted``: for each tier the papers that are searched, or None for all.
    """
    vocabulary = tiers[0].catalogue.words.vocabulary
    problem = read_problem(question, survey, embedder, vocabulary)
    weighed = weigh(f"{question} {survey}", [tier.catalogue.words for tier in tiers])
    pools: list[tuple[int, _Chosen, Floats, Floats]] = []
    for place, (tier, papers) in enumerate(zip(tiers, wanted, strict=True)):
        chosen = _choose(database, tier, papers, problem, weighed)
        with_vectors = _with_vectors(database, tier, chosen, embedder)
        if with_vectors is not None:
            pools.append((place, *with_vectors))
    if not pools:
        return [], weighed
    pool = _pool(tiers, pools, len(vocabulary))
    scored = score(problem, pool)
    order = ranking(scored, pool)[:limit].tolist()
    return _ideas(pools, problem, scored, order), weighed


def _choose(
    database: Database,
    tier: Tier,
    papers: Collection[str] | None,
    problem: Problem,
    weighed: Weighed,
) -> _Chosen:
    held = tier.catalogue
    allowed = np.ones(len(held), dtype=np.bool_) if papers is None else held.allowed(papers)
    candidates = np.unique(held.paper_of[allowed])
    if len(candidates) > WHOLE:
        vectors = np.concatenate([problem.whole[np.newaxis], problem.views])
        near = {one for row in tier.nearest(vectors, PER_VIEW, papers) for one, _ in row}
        rows = [row for one in near if (row := held.row(one)) is not None]
        rows += best(bm25(weighed, held.words), PER_WORDS, allowed).tolist()
        steps = candidates[:: max(1, len(candidates) // YARDSTICK)]
        candidates = np.union1d(held.paper_of[rows], steps)
    return _read(held.passages, held.paper_of, held.in_abstract, _latest(database, tier, candidates))


def _latest(database: Database, tier: Tier, candidates: NDArray[np.int64]) -> NDArray[np.int64]:
    """Without earlier versions of papers that are there themselves."""
    held = tier.catalogue
    ids = [held.papers[paper] for paper in candidates]
    with database.read() as session:
        later = Searchable(session, tier.workspace_id).later_versions(ids)
    here = set(ids)
    kept = [paper for paper, one in zip(candidates, ids, strict=True) if later.get(one) not in here]
    return np.array(kept, dtype=np.int64)


def _read(
    passages: Sequence[str],
    paper_of: NDArray[np.int64],
    in_abstract: NDArray[np.bool_],
    candidates: NDArray[np.int64],
) -> _Chosen:
    """The abstracts' passages, or all of a paper that has no abstract: a full text says everything."""
    rows = np.flatnonzero(np.isin(paper_of, candidates))
    with_abstract = np.isin(paper_of[rows], paper_of[rows[in_abstract[rows]]])
    rows = rows[in_abstract[rows] | ~with_abstract]
    rows = rows[np.argsort(paper_of[rows], kind="stable")]
    papers, starts = np.unique(paper_of[rows], return_index=True)
    return _Chosen([passages[row] for row in rows.tolist()], starts.tolist(), rows.tolist(), papers.tolist())


def _with_vectors(
    database: Database, tier: Tier, chosen: _Chosen, embedder: Embedder
) -> tuple[_Chosen, Floats, Floats] | None:
    """The papers all of whose passages have a vector, those vectors, and their titles' vectors."""
    with database.read() as session:
        vectors = Vectors(session, tier.workspace_id)
        known = vectors.of(embedder.name, chosen.passages)
        titles = vectors.of(of_titles(embedder.name), [chosen.passages[start] for start in chosen.starts])
    ends = [*chosen.starts[1:], len(chosen.passages)]
    left = _Chosen([], [], [], [])
    kept_titles: list[bytes] = []
    for paper, start, end in zip(chosen.papers, chosen.starts, ends, strict=True):
        own = chosen.passages[start:end]
        if all(one in known for one in own):
            left.papers.append(paper)
            left.starts.append(len(left.passages))
            left.passages.extend(own)
            left.rows.extend(chosen.rows[start:end])
            kept_titles.append(titles.get(own[0], known[own[0]]))
    if not left.papers:
        return None
    dimension = len(known[left.passages[0]]) // 4
    return (
        left,
        unpacked([known[one] for one in left.passages], dimension),
        unpacked(kept_titles, dimension),
    )


def _pool(tiers: Sequence[Tier], pools: Sequence[tuple[int, _Chosen, Floats, Floats]], width: int) -> Pool:
    words, titles = [], []
    for place, chosen, _, _ in pools:
        held = tiers[place].catalogue
        counted = widened(held.words.rows()[chosen.rows], width)
        ends = [*chosen.starts[1:], len(chosen.rows)]
        owner = np.repeat(np.arange(len(chosen.papers)), np.diff([*chosen.starts, ends[-1]]))
        sums = csr_matrix((np.ones(len(owner), np.float32), (owner, np.arange(len(owner)))))
        words.append(sums @ counted)
        titles.append(widened(held.titles.rows()[chosen.papers], width))
    return Pool(
        texts=np.concatenate([paper_vectors(vectors, chosen.starts) for _, chosen, vectors, _ in pools]),
        titles=np.concatenate([titles for _, _, _, titles in pools]),
        words=vstack(words, format="csr"),
        title_words=vstack(titles, format="csr"),
    )


def _ideas(
    pools: Sequence[tuple[int, _Chosen, Floats, Floats]],
    problem: Problem,
    scored: Scored,
    order: Sequence[int],
) -> list[Idea]:
    places = [
        (tier, chosen, vectors, paper)
        for tier, chosen, vectors, _ in pools
        for paper in range(len(chosen.papers))
    ]
    found = []
    for place in order:
        tier, chosen, vectors, paper = places[place]
        end = chosen.starts[paper + 1] if paper + 1 < len(chosen.starts) else len(chosen.passages)
        own = vectors[chosen.starts[paper] : end]
        says_most = chosen.starts[paper] + int((own @ problem.views.T).max(axis=1).argmax())
        found.append(
            Idea(
                passage_id=chosen.passages[says_most],
                tier=tier,
                score=float(scored.total[place]),
                parts=dict(zip(PARTS, scored.parts[place].tolist(), strict=True)),
                because=problem.texts[int(scored.view[place])],
            )
        )
    return found
