"""What search needs of papers and passages: which there are, their texts, and whom a filter lets through."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from records.models import Collection as CollectionRow
from records.models import CollectionPaper, Paper, Passage
from records.repositories.common import chunks


@dataclass(frozen=True, slots=True)
class Mark:
    """By which a reader sees whether passages came or went."""

    passages: int
    last: str
    """The newest passage's id, whoever's it is."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A passage's text with its paper's title."""

    id: str
    paper_id: str
    section: str
    text: str
    title: str


@dataclass(frozen=True, slots=True)
class Filters:
    """Which papers are searched; whatever is not given lets all through."""

    year_from: int | None = None
    year_to: int | None = None
    venue: str | None = None
    """A part of the venue's name, in any case."""
    source: str | None = None
    """Who told of the paper: a service's name, or a file's."""
    paper_ids: tuple[str, ...] | None = None
    collections: tuple[str, ...] = ()
    """Ids; papers that lie in one of them."""

    def __bool__(self) -> bool:
        return self != Filters()


class Searchable:
    """One workspace's papers, as search reads them."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def mark(self) -> Mark:
        mine = select(func.count()).select_from(Passage).where(Passage.workspace_id == self._workspace_id)
        return Mark(self._session.scalar(mine) or 0, self._session.scalar(select(func.max(Passage.id))) or "")

    def newer(self, last: str) -> list[str]:
        """Ids of passages behind this one, in their order."""
        query = select(Passage.id).where(Passage.workspace_id == self._workspace_id, Passage.id > last)
        return list(self._session.scalars(query.order_by(Passage.id)))

    def ids(self) -> list[str]:
        return self.newer("")

    def texts(self, passage_ids: Iterable[str]) -> list[Searched]:
        """Those of the passages that exist, in the order of their ids."""
        query = (
            select(Passage.id, Passage.paper_id, Passage.section, Passage.text, Paper.title)
            .join(Paper, Paper.id == Passage.paper_id)
            .where(Passage.workspace_id == self._workspace_id)
        )
        found: list[Searched] = []
        for chunk in chunks(passage_ids):
            rows = self._session.execute(query.where(Passage.id.in_(chunk)).order_by(Passage.id))
            found += [Searched(*row) for row in rows]
        return found

    def papers(self, paper_ids: Collection[str]) -> dict[str, Paper]:
        """Those of these papers that are the workspace's, by id."""
        query = select(Paper).where(Paper.workspace_id == self._workspace_id)
        return {
            row.id: row
            for chunk in chunks(paper_ids)
            for row in self._session.scalars(query.where(Paper.id.in_(chunk)))
        }

    def later_versions(self, paper_ids: Collection[str]) -> dict[str, str]:
        """Of those of the papers that have one, the later record of the same work."""
        query = select(Paper.id, Paper.version_of).where(
            Paper.workspace_id == self._workspace_id, Paper.version_of.is_not(None)
        )
        return {
            one: later
            for chunk in chunks(paper_ids)
            for one, later in self._session.execute(query.where(Paper.id.in_(chunk)))
            if later is not None
        }

    def matching(self, filters: Filters) -> set[str]:
        """Ids of the papers that the filters let through."""
        query = self._narrowed(select(Paper.id).where(Paper.workspace_id == self._workspace_id), filters)
        if filters.paper_ids is None:
            return set(self._session.scalars(query))
        return {
            one
            for chunk in chunks(dict.fromkeys(filters.paper_ids))
            for one in self._session.scalars(query.where(Paper.id.in_(chunk)))
        }

    def _narrowed(self, query: Select[str], filters: Filters) -> Select[str]:
        if filters.year_from is not None:
            query = query.where(Paper.year >= filters.year_from)
        if filters.year_to is not None:
            query = query.where(Paper.year <= filters.year_to)
        if filters.venue is not None:
            query = query.where(Paper.venue.icontains(filters.venue, autoescape=True))
        if filters.source is not None:
            query = query.where(Paper.source.icontains(filters.source, autoescape=True))
        if filters.collections:
            mine = (
                select(CollectionPaper.paper_id)
                .join(CollectionRow, CollectionRow.id == CollectionPaper.collection_id)
                .where(
                    CollectionRow.workspace_id == self._workspace_id,
                    CollectionRow.id.in_(filters.collections),
                )
            )
            query = query.where(Paper.id.in_(mine))
        return query

    def firsts(self, paper_ids: Collection[str]) -> Mapping[str, str]:
        """The first passage of each of the papers, by paper."""
        query = select(Passage.paper_id, Passage.id).where(
            Passage.workspace_id == self._workspace_id, Passage.position == 0
        )
        return {
            paper_id: passage_id
            for chunk in chunks(paper_ids)
            for paper_id, passage_id in self._session.execute(query.where(Passage.paper_id.in_(chunk)))
        }
