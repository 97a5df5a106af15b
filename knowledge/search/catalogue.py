"""A workspace's passages in memory, their words and papers; brought up to date before each search."""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from knowledge.lexical import Counts, Vocabulary
from knowledge.search.texts import in_context
from records.database import Database
from records.repositories import Searchable, Searched
from records.repositories.searchable import Mark

READ = 5_000
"""Passages whose texts are in memory at the same time while they are counted."""


class Catalogue:
    """Rows are passages in the order of their ids, columns words; a paper has one row or several."""

    def __init__(self, database: Database, workspace_id: str, vocabulary: Vocabulary) -> None:
        self.workspace_id = workspace_id
        self.words = Counts(vocabulary)
        self.titles = Counts(vocabulary)
        """A row a paper."""
        self.passages: list[str] = []
        self.papers: list[str] = []
        self.paper_of = np.zeros(0, dtype=np.int64)
        """Of each passage, its paper's row."""
        self.in_abstract = np.zeros(0, dtype=np.bool_)
        self.changes = 0
        self.lock = threading.RLock()
        """Whoever reads several of these together holds it."""
        self._database = database
        self._rows: dict[str, int] = {}
        self._paper_rows: dict[str, int] = {}
        self._mark = Mark(0, "")

    def __len__(self) -> int:
        return len(self.passages)

    def row(self, passage_id: str) -> int | None:
        return self._rows.get(passage_id)

    def paper_row(self, paper_id: str) -> int | None:
        return self._paper_rows.get(paper_id)

    def allowed(self, paper_ids: Collection[str]) -> NDArray[np.bool_]:
        """Which passages belong to these papers."""
        papers = np.zeros(len(self.papers), dtype=np.bool_)
        papers[[self._paper_rows[one] for one in paper_ids if one in self._paper_rows]] = True
        return np.asarray(papers[self.paper_of], dtype=np.bool_)

    def refresh(self, *, thoroughly: bool = False) -> None:
        """See what came and what went since the last time; two short queries where nothing did.

        ``thoroughly``: also see passages that were put in the place of others.
        """
        with self.lock, self._database.read() as session:
            searchable = Searchable(session, self.workspace_id)
            mark = searchable.mark()
            if mark == self._mark and not thoroughly:
                return
            new = searchable.newer(self._mark.last)
            if len(self) + len(new) != mark.passages or thoroughly:
                there = searchable.ids()
                self._drop(set(self.passages).difference(there))
                new = [one for one in there if one not in self._rows]
            for start in range(0, len(new), READ):
                self._append(searchable.texts(new[start : start + READ]))
            self._mark = mark
            self.changes += 1

    def _append(self, texts: Sequence[Searched]) -> None:
        owners: list[int] = []
        titles: list[str] = []
        for one in texts:
            owner = self._paper_rows.get(one.paper_id)
            if owner is None:
                owner = self._paper_rows[one.paper_id] = len(self.papers)
                self.papers.append(one.paper_id)
                titles.append(one.title)
            owners.append(owner)
            self._rows[one.id] = len(self.passages)
            self.passages.append(one.id)
        self.titles.append(titles)
        self.words.append([in_context(one.title, one.text) for one in texts])
        self.paper_of = np.append(self.paper_of, np.array(owners, dtype=np.int64))
        self.in_abstract = np.append(self.in_abstract, [not one.section for one in texts])

    def _drop(self, gone: set[str]) -> None:
        if not gone:
            return
        kept = np.array([row for row, one in enumerate(self.passages) if one not in gone], dtype=np.int64)
        self.words.keep(kept)
        self.passages = [self.passages[row] for row in kept]
        self.paper_of, self.in_abstract = self.paper_of[kept], self.in_abstract[kept]
        self._rows = {one: row for row, one in enumerate(self.passages)}


_OPEN: WeakKeyDictionary[Database, tuple[Vocabulary, dict[str, Catalogue]]] = WeakKeyDictionary()


def catalogue(database: Database, workspace_id: str) -> Catalogue:
    """This process's catalogue of a workspace; all of a database share their words' numbers."""
    vocabulary, known = _OPEN.setdefault(database, (Vocabulary(), {}))
    if workspace_id not in known:
        known[workspace_id] = Catalogue(database, workspace_id, vocabulary)
    return known[workspace_id]
