"""One of the places that are searched together: a workspace's catalogue and its vector index."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from knowledge.search.catalogue import catalogue
from records.database import Database
from records.repositories import Filters, Searchable, Vectors

if TYPE_CHECKING:
    from knowledge.index import Index

NAMED_SHARE = 4
"""Where more than one in so many papers is wanted, more is asked for and the others are left out: to name
thousands of papers costs the index more than to look further."""


class Tier:
    """A workspace's papers under one embedding model."""

    def __init__(
        self, database: Database, workspace_id: str, name: str, model: str, index: Callable[[], Index]
    ) -> None:
        self.name = name
        self.workspace_id = workspace_id
        self.catalogue = catalogue(database, workspace_id)
        self._database = database
        self._model = model
        self._index = index
        self._indexed: dict[str, str] = {}
        self._seen = -1
        """Changes of the catalogue that the index has followed; -1 before the first look."""

    def refresh(self, *, thoroughly: bool = False) -> None:
        """Bring words and vectors up to what the database holds."""
        self.catalogue.refresh(thoroughly=thoroughly)
        if not self.catalogue.passages:
            return
        if self._indexed and self._index().count() < len(self._indexed):
            self._seen, self._indexed = -1, {}  # it was lost
        waiting = len(self.catalogue) > len(self._indexed)
        if self._seen != self.catalogue.changes or waiting:
            self._follow()
            self._seen = self.catalogue.changes

    def _follow(self) -> None:
        """Send the index what it lacks; all of it is compared only where their numbers differ."""
        with self._database.read() as session:
            vectors = Vectors(session, self.workspace_id)
            papers = dict(vectors.ids(self._model))
            index = self._index()
            new = {one: paper for one, paper in papers.items() if one not in self._indexed}
            if self._seen >= 0 or index.count() != len(papers):
                index.sync(new, partial(vectors.of, self._model))
            self._indexed = papers

    def matching(self, filters: Filters) -> set[str] | None:
        """Ids of the papers that the filters let through; None where they let all through."""
        if not filters:
            return None
        with self._database.read() as session:
            return Searchable(session, self.workspace_id).matching(filters)

    def nearest(
        self, vectors: NDArray[np.float32], limit: int, papers: Collection[str] | None
    ) -> list[list[tuple[str, float]]]:
        """For each vector, the passages that are nearest in meaning, with their cosine likeness."""
        known = len(self.catalogue.papers)
        if not known or (papers is not None and not papers):
            return [[] for _ in vectors]
        if papers is None or len(papers) >= known:
            return self._trimmed(self._index().nearest(vectors, limit), limit, None)
        if len(papers) * NAMED_SHARE > known and known > limit:
            further = limit * known // len(papers) * 2
            found = self._trimmed(self._index().nearest(vectors, further), limit, papers)
            if all(len(row) == limit for row in found):
                return found
        return self._trimmed(self._index().nearest(vectors, limit, sorted(papers)), limit, None)

    def _trimmed(
        self, found: Sequence[Sequence[tuple[str, float]]], limit: int, papers: Collection[str] | None
    ) -> list[list[tuple[str, float]]]:
        """Without what the database does not know, or what belongs to other papers."""
        own = self.catalogue

        def wanted(passage_id: str) -> bool:
            row = own.row(passage_id)
            return row is not None and (papers is None or own.papers[own.paper_of[row]] in papers)

        return [[one for one in row if wanted(one[0])][:limit] for row in found]
