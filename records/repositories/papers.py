"""Papers and their passages."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from records.errors import NotFound
from records.models import CollectionPaper, Paper, Passage
from records.repositories.common import chunks, fetch_by
from records.repositories.general import readable


@dataclass(frozen=True, slots=True)
class PaperFilter:
    """Which papers are wanted; what is not said is not asked for."""

    title: str = ""
    """Words in a row that the title holds, in any case."""
    year_from: int | None = None
    year_to: int | None = None
    source: str = ""
    """Who told of it first: a feed's source, or a file's name."""
    retraction: str = ""
    collection_id: str | None = None
    latest: bool = False
    """Without earlier versions of papers that are here in a later one."""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        if self.title:
            yield Paper.title.icontains(self.title, autoescape=True)
        if self.year_from is not None:
            yield Paper.year >= self.year_from
        if self.year_to is not None:
            yield Paper.year <= self.year_to
        if self.source:
            yield Paper.source == self.source
        if self.retraction:
            yield Paper.retraction == self.retraction
        if self.collection_id is not None:
            within = select(CollectionPaper.paper_id).where(
                CollectionPaper.collection_id == self.collection_id
            )
            yield Paper.id.in_(within)
        if self.latest:
            yield Paper.version_of.is_(None)


ALL = PaperFilter()


class Papers:
    """A workspace's papers; whoever names them may also read those of the general library."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(self, paper: Paper, passages: Sequence[Passage]) -> str:
        """Keep a paper with its passages, in this order; its id. Its DOI and arXiv id must be new here."""
        self.add_all([(paper, passages)])
        return paper.id

    def add_all(self, papers: Sequence[tuple[Paper, Sequence[Passage]]]) -> None:
        """Keep papers with their passages, as ``add`` does each."""
        for paper, _ in papers:
            paper.workspace_id = self._workspace_id
        self._session.add_all(paper for paper, _ in papers)
        self._session.flush()
        for paper, passages in papers:
            self._hang(paper.id, passages, 0)
        self._session.flush()

    def append_passages(self, paper_id: str, passages: Sequence[Passage]) -> None:
        """Further passages behind those that the paper has."""
        last = select(func.max(Passage.position)).where(Passage.paper_id == paper_id)
        position = self._session.scalar(last)
        self._hang(paper_id, passages, 0 if position is None else position + 1)
        self._session.flush()

    def replace_passages(self, paper_id: str, passages: Sequence[Passage]) -> None:
        """Other passages in the place of the paper's own, which nothing may rest on, and their vectors."""
        self._session.execute(delete(Passage).where(Passage.paper_id == self.get(paper_id).id))
        self._hang(paper_id, passages, 0)
        self._session.flush()

    def _hang(self, paper_id: str, passages: Sequence[Passage], first: int) -> None:
        for position, passage in enumerate(passages, first):
            passage.position = position
            passage.workspace_id = self._workspace_id
            passage.paper_id = paper_id
        self._session.add_all(passages)

    def get(self, paper_id: str) -> Paper:
        found = self._session.get(Paper, paper_id)
        if found is None or found.workspace_id != self._workspace_id:
            raise NotFound("paper_not_found", f"there is no paper {paper_id} in this workspace")
        return found

    def read(self, paper_id: str) -> Paper:
        """A paper of the workspace or of the general library, which is not to be changed."""
        self.check_readable([paper_id])
        return self.all([paper_id])[0]

    def all(self, paper_ids: Collection[str] | None = None) -> list[Paper]:
        """The workspace's papers, or those that are named so far as it may read them; oldest first."""
        if paper_ids is None:
            query = select(Paper).where(Paper.workspace_id == self._workspace_id)
            return list(self._session.scalars(query.order_by(Paper.id)))
        query = select(Paper).where(readable(Paper, self._workspace_id))
        return sorted(fetch_by(self._session, query, Paper.id, set(paper_ids)), key=lambda paper: paper.id)

    def page(self, limit: int, after: str | None = None, wanted: PaperFilter = ALL) -> list[Paper]:
        """Up to ``limit`` of the papers that are wanted, newest first, older than ``after``."""
        query = select(Paper).where(Paper.workspace_id == self._workspace_id, *wanted.conditions())
        if after is not None:
            query = query.where(Paper.id < after)
        return list(self._session.scalars(query.order_by(Paper.id.desc()).limit(limit)))

    def ids(self) -> list[str]:
        """Of all the workspace's papers, oldest first."""
        query = select(Paper.id).where(Paper.workspace_id == self._workspace_id).order_by(Paper.id)
        return list(self._session.scalars(query))

    def readable_ids(self) -> list[str]:
        """Of all papers that the workspace may read, oldest first."""
        query = select(Paper.id).where(readable(Paper, self._workspace_id)).order_by(Paper.id)
        return list(self._session.scalars(query))

    def check(self, paper_ids: Collection[str]) -> None:
        """NotFound ``paper_not_found`` unless all of these are the workspace's."""
        self._check(paper_ids, Paper.workspace_id == self._workspace_id)

    def check_readable(self, paper_ids: Collection[str]) -> None:
        """NotFound ``paper_not_found`` unless the workspace may read all of these."""
        self._check(paper_ids, readable(Paper, self._workspace_id))

    def _check(self, paper_ids: Collection[str], condition: ColumnElement[bool]) -> None:
        query = select(Paper.id).where(condition)
        known = {
            found
            for chunk in chunks(paper_ids)
            for found in self._session.scalars(query.where(Paper.id.in_(chunk)))
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

    def readable_count(self) -> int:
        query = select(func.count()).select_from(Paper).where(readable(Paper, self._workspace_id))
        return self._session.scalar(query) or 0

    def passages(self, paper_ids: Collection[str] | None = None) -> list[Passage]:
        """Passages in the order of their papers and places: all of the workspace's, or of the named papers
        that it may read."""
        if paper_ids is None:
            query = select(Passage).where(Passage.workspace_id == self._workspace_id)
            found = list(self._session.scalars(query))
        else:
            query = select(Passage).where(readable(Passage, self._workspace_id))
            found = fetch_by(self._session, query, Passage.paper_id, set(paper_ids))
        return sorted(found, key=lambda passage: (passage.paper_id, passage.position))

    def passage(self, passage_id: str) -> Passage:
        found = self.passages_by_id([passage_id])
        if not found:
            raise NotFound("passage_not_found", f"there is no passage {passage_id} in this workspace")
        return found[passage_id]

    def passages_by_id(self, passage_ids: Collection[str]) -> dict[str, Passage]:
        """Those of the named passages that the workspace may read."""
        query = select(Passage).where(readable(Passage, self._workspace_id))
        return {
            passage.id: passage for passage in fetch_by(self._session, query, Passage.id, set(passage_ids))
        }
