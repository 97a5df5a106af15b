"""Papers that somebody put together: a reading list of the workspace, or what one run alone may read."""

from __future__ import annotations

from collections.abc import Collection as Several
from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from records.errors import Conflict, NotFound
from records.models import Collection, CollectionPaper
from records.repositories.common import chunks
from records.repositories.papers import Papers

Tier = Literal["workspace", "run"]


class Collections:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def create(self, name: str, *, tier: Tier = "workspace", run_id: str | None = None) -> Collection:
        """An empty collection; Conflict ``collection_exists`` for a name in use."""
        row = Collection(workspace_id=self._workspace_id, name=name, tier=tier, run_id=run_id)
        self._session.add(row)
        self._flush(name)
        return row

    def get(self, collection_id: str) -> Collection:
        found = self._session.get(Collection, collection_id)
        if found is None or found.workspace_id != self._workspace_id:
            raise NotFound(
                "collection_not_found", f"there is no collection {collection_id} in this workspace"
            )
        return found

    def find(self, name: str) -> Collection | None:
        mine = Collection.workspace_id == self._workspace_id, Collection.name == name
        return self._session.scalar(select(Collection).where(*mine))

    def page(self, limit: int, after: str | None = None) -> list[Collection]:
        """Collections older than ``after``, newest first."""
        query = select(Collection).where(Collection.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(Collection.id < after)
        return list(self._session.scalars(query.order_by(Collection.id.desc()).limit(limit)))

    def rename(self, collection_id: str, name: str) -> Collection:
        row = self.get(collection_id)
        row.name = name
        self._flush(name)
        return row

    def delete(self, collection_id: str) -> None:
        """Without its papers, which stay in the workspace."""
        self._session.delete(self.get(collection_id))
        self._session.flush()

    def add(self, collection_id: str, paper_ids: Several[str]) -> int:
        """Put papers of the workspace in; how many were not in it (NotFound for a strange id)."""
        self.get(collection_id)
        Papers(self._session, self._workspace_id).check(paper_ids)
        within = self._within(collection_id, paper_ids)
        new = [one for one in dict.fromkeys(paper_ids) if one not in within]
        self._session.add_all(CollectionPaper(collection_id=collection_id, paper_id=one) for one in new)
        self._session.flush()
        return len(new)

    def remove(self, collection_id: str, paper_ids: Several[str]) -> None:
        self.get(collection_id)
        rows = delete(CollectionPaper).where(CollectionPaper.collection_id == collection_id)
        for chunk in chunks(paper_ids):
            self._session.execute(rows.where(CollectionPaper.paper_id.in_(chunk)))

    def paper_ids(self, collection_id: str) -> list[str]:
        """Of its papers, oldest first."""
        of_it = CollectionPaper.collection_id == self.get(collection_id).id
        query = select(CollectionPaper.paper_id).where(of_it).order_by(CollectionPaper.paper_id)
        return list(self._session.scalars(query))

    def sizes(self) -> Mapping[str, int]:
        """How many papers each of the workspace's collections holds, by its id; empty ones are not named."""
        query: Any = (
            select(CollectionPaper.collection_id, func.count())
            .join(Collection, Collection.id == CollectionPaper.collection_id)
            .where(Collection.workspace_id == self._workspace_id)
            .group_by(CollectionPaper.collection_id)
        )
        return dict(self._session.execute(query).all())

    def _within(self, collection_id: str, paper_ids: Several[str]) -> set[str]:
        query = select(CollectionPaper.paper_id).where(CollectionPaper.collection_id == collection_id)
        return {
            one
            for chunk in chunks(paper_ids)
            for one in self._session.scalars(query.where(CollectionPaper.paper_id.in_(chunk)))
        }

    def _flush(self, name: str) -> None:
        try:
            self._session.flush()
        except IntegrityError as error:
            message = f"there is a collection '{name}' already; choose another name"
            raise Conflict("collection_exists", message) from error
