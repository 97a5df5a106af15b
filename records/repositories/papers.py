"""Papers and their passages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from records.errors import NotFound
from records.models import Paper, Passage
from records.repositories.common import chunks, fetch_by, number


@dataclass(frozen=True, slots=True)
class KnownPapers:
    """Ids of papers that are here already, by what they were recognised by."""

    by_doi: Mapping[str, str]
    by_title_key: Mapping[str, str]


class Papers:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def existing(self, dois: Iterable[str], title_keys: Iterable[str]) -> KnownPapers:
        """Which of these DOIs and title keys belong to papers of the workspace, and to which."""
        return KnownPapers(self._ids_by(Paper.doi, dois), self._ids_by(Paper.title_key, title_keys))

    def add(self, paper: Paper, passages: Sequence[Passage]) -> str:
        """Keep a paper with its passages, in this order; its id. Its DOI and title key must be new here."""
        paper.workspace_id = self._workspace_id
        self._session.add(paper)
        self._session.flush()
        number(passages)
        for passage in passages:
            passage.workspace_id = self._workspace_id
            passage.paper_id = paper.id
        self._session.add_all(passages)
        self._session.flush()
        return paper.id

    def get(self, paper_id: str) -> Paper:
        found = self._session.get(Paper, paper_id)
        if found is None or found.workspace_id != self._workspace_id:
            raise NotFound("paper_not_found", f"there is no paper {paper_id} in this workspace")
        return found

    def all(self, paper_ids: Collection[str] | None = None) -> list[Paper]:
        """The workspace's papers, or those of them that are named; oldest first."""
        query = select(Paper).where(Paper.workspace_id == self._workspace_id)
        if paper_ids is None:
            return list(self._session.scalars(query.order_by(Paper.id)))
        return sorted(fetch_by(self._session, query, Paper.id, set(paper_ids)), key=lambda paper: paper.id)

    def page(self, limit: int, after: str | None = None) -> list[Paper]:
        """Up to ``limit`` papers, newest first, older than ``after``."""
        query = select(Paper).where(Paper.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(Paper.id < after)
        return list(self._session.scalars(query.order_by(Paper.id.desc()).limit(limit)))

    def ids(self) -> list[str]:
        """Of all the workspace's papers, oldest first."""
        query = select(Paper.id).where(Paper.workspace_id == self._workspace_id).order_by(Paper.id)
        return list(self._session.scalars(query))

    def check(self, paper_ids: Collection[str]) -> None:
        """NotFound ``paper_not_found`` unless all of these are the workspace's."""
        mine = select(Paper.id).where(Paper.workspace_id == self._workspace_id)
        known = {
            found
            for chunk in chunks(paper_ids)
            for found in self._session.scalars(mine.where(Paper.id.in_(chunk)))
        }
        for paper_id in paper_ids:
            if paper_id not in known:
                raise NotFound("paper_not_found", f"there is no paper {paper_id} in this workspace")

    def any(self) -> bool:
        query = select(Paper.id).where(Paper.workspace_id == self._workspace_id).limit(1)
        return self._session.scalar(query) is not None

    def count(self) -> int:
        query = select(func.count()).select_from(Paper).where(Paper.workspace_id == self._workspace_id)
        return self._session.scalar(query) or 0

    def passages(self, paper_ids: Collection[str] | None = None) -> list[Passage]:
        """Passages in the order of their papers and places, all of them or those of the named papers."""
        query = select(Passage).where(Passage.workspace_id == self._workspace_id)
        if paper_ids is None:
            found = list(self._session.scalars(query))
        else:
            found = fetch_by(self._session, query, Passage.paper_id, set(paper_ids))
        return sorted(found, key=lambda passage: (passage.paper_id, passage.position))

    def passage(self, passage_id: str) -> Passage:
        found = self.passages_by_id([passage_id])
        if not found:
            raise NotFound("passage_not_found", f"there is no passage {passage_id} in this workspace")
        return found[passage_id]

    def passages_by_id(self, passage_ids: Collection[str]) -> dict[str, Passage]:
        """Those of the named passages that exist here."""
        query = select(Passage).where(Passage.workspace_id == self._workspace_id)
        return {
            passage.id: passage for passage in fetch_by(self._session, query, Passage.id, set(passage_ids))
        }

    def _ids_by(self, column: InstrumentedAttribute[Any], values: Iterable[str]) -> dict[str, str]:
        query = select(column, Paper.id).where(Paper.workspace_id == self._workspace_id)
        found: dict[str, str] = {}
        for chunk in chunks(dict.fromkeys(values)):
            found.update(self._session.execute(query.where(column.in_(chunk))).all())
        return found
