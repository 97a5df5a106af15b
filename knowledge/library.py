"""A workspace's literature: papers in, passages out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from knowledge.embedding import Embedder
from knowledge.ingestion import Found, keep, read_files
from knowledge.lexical import LexicalIndex
from knowledge.parsing import BrokenEntry
from knowledge.retrieval import fuse
from records.database import Database
from records.models import Passage
from records.repositories import Papers, Vectors, Workspaces

if TYPE_CHECKING:
    from knowledge.index import Index

Progress = Callable[[str, int, int], None]

EMBED_BATCH = 256
"""Passages whose vectors are kept at once: what a kill can cost."""

DEPTH = 200
"""Passages that each way of searching brings to the fusion, at least."""


@dataclass(frozen=True, slots=True)
class Ingested:
    paper_ids: tuple[str, ...]
    """All papers that the files hold, old and new, in the files' order."""
    added: int
    known: int
    broken: tuple[BrokenEntry, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, and how."""

    passage_id: str
    paper_id: str
    title: str
    year: int | None
    text: str
    score: float
    dense_rank: int | None
    """Its place by meaning, from 1."""
    lexical_rank: int | None
    """Its place by words, from 1."""


class Library:
    """The papers of one workspace, in the database and in the index of one embedding model."""

    def __init__(
        self, database: Database, workspace_id: str, embedder: Embedder, index: Callable[[], Index]
    ) -> None:
        self._database = database
        self._workspace_id = workspace_id
        self._embedder = embedder
        self._index = index
        self._lexical: tuple[tuple[str, ...], LexicalIndex] | None = None

    def paper_ids(self) -> list[str]:
        with self._database.read() as session:
            return Papers(session, self._workspace_id).ids()

    def ingest(
        self, files: Sequence[Path], progress: Progress | None = None, *, at_least: int = 1
    ) -> Ingested:
        """Read files into the library; killed anywhere and called again, nothing is lost or doubled.

        Raises BadInput for a file that cannot be used, or fewer than ``at_least`` papers in all; then nothing
        is kept.
        """
        report = progress or _unseen
        report("Reading papers", 0, len(files))
        found = read_files(files, at_least=at_least)
        ids, added = self._keep(found)
        report("Reading papers", len(files), len(files))
        self.embed(report)
        return Ingested(tuple(ids), added, len(ids) - added, found.broken)

    def _keep(self, found: Found) -> tuple[list[str], int]:
        with self._database.write() as session:
            Workspaces(session).hold(self._workspace_id)  # one at a time decides which papers are new
            return keep(session, self._workspace_id, found)

    def embed(self, progress: Progress | None = None) -> None:
        """Give every passage its vector, batch by batch, and bring the index up to date."""
        report = progress or _unseen
        with self._database.read() as session:
            passages = Vectors(session, self._workspace_id).without(self._embedder.name)
            papers = Papers(session, self._workspace_id).all({p.paper_id for p in passages})
            titles = {paper.id: paper.title for paper in papers}
            waiting = [(p.id, _in_context(titles[p.paper_id], p.text)) for p in passages]
        for start in range(0, len(waiting), EMBED_BATCH):
            report("Embedding passages", start, len(waiting))
            batch = waiting[start : start + EMBED_BATCH]
            vectors = self._embedder.embed([text for _, text in batch]).astype("<f4")
            kept = {one: vector.tobytes() for (one, _), vector in zip(batch, vectors, strict=True)}
            with self._database.write() as session:
                Vectors(session, self._workspace_id).set(self._embedder.name, kept)
        if waiting:
            report("Embedding passages", len(waiting), len(waiting))

    def check(self) -> tuple[int, int]:
        """Compare the index with the database and give it what it lacks: passages, and how many it lacked."""
        with self._database.read() as session:
            mine = self._vectors(session, Papers(session, self._workspace_id).passages())
        return len(mine), self._index().sync(mine) if mine else 0

    def search(self, text: str, *, paper_ids: Collection[str] | None = None, limit: int = 10) -> list[Hit]:
        """The passages nearest to a text, by meaning and by words; of all papers or of some, best first."""
        with self._database.read() as session:
            papers = Papers(session, self._workspace_id)
            passages = papers.passages(paper_ids)
            titles = {paper.id: (paper.title, paper.year) for paper in papers.all(paper_ids)}
            vectors = self._vectors(session, passages)
        if not passages:
            return []
        index = self._index()
        index.sync(vectors)
        depth = max(DEPTH, limit)
        wanted = None if paper_ids is None else sorted(paper_ids)
        by_id = {passage.id: passage for passage in passages}
        nearest = index.nearest(self._embedder.embed([text])[0], depth, wanted)
        dense = [one for one, _ in nearest if one in by_id]  # others may have added some since we looked
        by_words = self._by_words(passages, {one: title for one, (title, _) in titles.items()})
        words = [one for one, _ in by_words.nearest(text, depth)]
        order = [passage.id for passage in passages]
        fused = fuse([dense, words], order)
        found = {one for one, _ in fused}
        fused += [(one, 0.0) for one in order if one not in found]
        dense_rank = {one: rank for rank, one in enumerate(dense, 1)}
        word_rank = {one: rank for rank, one in enumerate(words, 1)}
        return [
            Hit(
                passage_id=one,
                paper_id=by_id[one].paper_id,
                title=titles[by_id[one].paper_id][0],
                year=titles[by_id[one].paper_id][1],
                text=by_id[one].text,
                score=score,
                dense_rank=dense_rank.get(one),
                lexical_rank=word_rank.get(one),
            )
            for one, score in fused[:limit]
        ]

    def _vectors(self, session: Session, passages: Sequence[Passage]) -> dict[str, tuple[str, bytes]]:
        """What ``Index.sync`` wants to know, of passages that have a vector."""
        papers = {passage.id: passage.paper_id for passage in passages}
        vectors = Vectors(session, self._workspace_id).of(self._embedder.name, papers)
        return {one: (papers[one], vector) for one, vector in vectors.items()}

    def _by_words(self, passages: Sequence[Passage], titles: Mapping[str, str]) -> LexicalIndex:
        key = tuple(passage.id for passage in passages)
        if self._lexical is None or self._lexical[0] != key:
            texts = [_in_context(titles[passage.paper_id], passage.text) for passage in passages]
            self._lexical = (key, LexicalIndex(key, texts))
        return self._lexical[1]


def _in_context(title: str, text: str) -> str:
    """What is searched of a passage: the paper's title often names what the passage only calls "the gel"."""
    return f"{title}. {text}"


def _unseen(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
