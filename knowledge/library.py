"""A workspace's literature: papers in, passages out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from knowledge.embedding import Embedder
from knowledge.ingestion import HowToRead, Ingested, ingest_files
from knowledge.lexical import Weighed
from knowledge.search.hits import Found, read
from knowledge.search.ideas import find
from knowledge.search.relevance import rank, terms
from knowledge.search.request import Hit, SearchRequest
from knowledge.search.tier import Tier
from knowledge.vectors import embed_missing
from records.database import Database
from records.errors import Failure
from records.repositories import Generations, Papers, Vectors

if TYPE_CHECKING:
    from knowledge.index import Index

Progress = Callable[[str, int, int], None]

__all__ = ["General", "Hit", "Library", "SearchRequest"]

EXACT = 4
"""Decimals of a score's parts; the index does not tell more."""

FOLDED = 3
"""So many times more passages are looked at than wanted, for some are earlier versions of others."""

General = tuple[str, Callable[[], "Index"]]
"""The workspace whose papers everybody reads: its id and its index."""


class Library:
    """The papers of one workspace, in the database and in the index of one embedding model."""

    def __init__(
        self,
        database: Database,
        workspace_id: str,
        embedder: Embedder,
        index: Callable[[], Index],
        *,
        setting: str = "bundled",
        general: General | None = None,
    ) -> None:
        self.embedder = embedder
        self._database = database
        self._workspace_id = workspace_id
        self._index = index
        self._setting = setting
        self._tiers = [Tier(database, workspace_id, "workspace", embedder.name, index)]
        if general is not None:
            self._tiers.append(Tier(database, general[0], "general", embedder.name, general[1]))

    def paper_ids(self) -> list[str]:
        """Of all papers that can be searched here, the general library's too."""
        with self._database.read() as session:
            return Papers(session, self._workspace_id).readable_ids()

    def ingest(
        self,
        files: Sequence[Path],
        progress: Progress | None = None,
        *,
        at_least: int = 1,
        **how: Unpack[HowToRead],
    ) -> Ingested:
        """Read files into the library (``knowledge.ingestion.ingest_files``) and give them their vectors."""
        report = progress or _unseen
        ingested = ingest_files(self._database, self._workspace_id, files, report, at_least=at_least, **how)
        self.embed(report)
        return ingested

    def embed(self, progress: Progress | None = None) -> None:
        """Give every passage its vector, batch by batch; the index follows when it is next asked."""
        embed_missing(self._database, self._workspace_id, self.embedder, progress)
        with self._database.read() as session:
            serving = Generations(session, self._workspace_id).serving()
            here = Papers(session, self._workspace_id).any()
        if serving is None and here:
            dimension = self.embedder.dimension
            with self._database.write() as session:
                generations = Generations(session, self._workspace_id)
                if generations.serving() is None:
                    generations.begin(self.embedder.name, self._setting, dimension)
                    generations.switch(self.embedder.name, Vectors(session, self._workspace_id).count())

    def check(self) -> tuple[int, int]:
        """Compare the index with the database, give it what it lacks and take what is none of its own.

        How many passages there are, and how many it lacked.
        """
        with self._database.read() as session:
            vectors = Vectors(session, self._workspace_id)
            papers = dict(vectors.ids(self.embedder.name))
            index = self._index()
            added = index.sync(papers, partial(vectors.of, self.embedder.name)) if papers else 0
        index.prune(papers)
        return len(papers), added

    def search(
        self,
        asked: SearchRequest | str,
        *,
        paper_ids: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Hit]:
        """The passages that are nearest to a text, or most likely to inspire an answer; best first.

        Raises Failure ``index_unreachable`` also where the index now belongs to another embedding model.
        """
        request = asked if isinstance(asked, SearchRequest) else SearchRequest(asked)
        if paper_ids is not None:
            request = replace(request, filters=replace(request.filters, paper_ids=tuple(paper_ids)))
        if limit is not None:
            request = replace(request, limit=limit)
        self._check_model()
        hits = self._hits(request)
        if hits is None:  # passages were put in the place of others
            for tier in self._tiers:
                tier.refresh(thoroughly=True)
            hits = self._hits(request)
        return hits or []

    def _check_model(self) -> None:
        with self._database.read() as session:
            serving = Generations(session, self._workspace_id).serving()
        if serving is not None and serving.model != self.embedder.name:
            raise Failure(
                "index_unreachable", f"the index now answers for the model {serving.model}; try again"
            )

    def _hits(self, request: SearchRequest) -> list[Hit] | None:
        """None where the catalogue knows passages that are no more."""
        for tier in self._tiers:
            tier.refresh()
        tiers = [tier for tier in self._tiers if tier.catalogue.passages]
        wanted = [tier.matching(request.filters) for tier in tiers]
        if not tiers or all(papers is not None and not papers for papers in wanted):
            return []
        look = self._ideas if request.mode == "inspiration" else self._near
        found, weighed = look(request, tiers, wanted)
        hits = read(self._database, tiers, found, request.limit)
        if hits is None:
            return None
        by_name = {tier.name: tier for tier in tiers}
        return [replace(hit, terms=terms(weighed, by_name[hit.tier], hit.passage_id)) for hit in hits]

    def _near(
        self, request: SearchRequest, tiers: Sequence[Tier], wanted: Sequence[Collection[str] | None]
    ) -> tuple[list[Found], Weighed]:
        text = f"{request.text}\n{request.survey}".strip()
        vector = self.embedder.embed([text])[0]
        ranked, weighed = rank(tiers, wanted, text, vector, request.limit * FOLDED)
        return [
            Found(
                one.passage_id,
                one.tier,
                one.score,
                dense_rank=one.dense_rank,
                lexical_rank=one.lexical_rank,
                parts={
                    name: round(value, EXACT)
                    for name, value in (("meaning", one.likeness), ("words", one.bm25))
                    if value is not None
                },
            )
            for one in ranked
        ], weighed

    def _ideas(
        self, request: SearchRequest, tiers: Sequence[Tier], wanted: Sequence[Collection[str] | None]
    ) -> tuple[list[Found], Weighed]:
        ideas, weighed = find(
            self._database, tiers, wanted, request.text, request.survey, self.embedder, request.limit
        )
        return [
            Found(
                one.passage_id,
                one.tier,
                one.score,
                parts={name: round(value, EXACT) for name, value in one.parts.items()},
                because=one.because,
            )
            for one in ideas
        ], weighed


def _unseen(stage: str, done: int, total: int) -> None:
    """Progress that nobody watches."""
