"""Passages' vectors, by the embedding model that made them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from records.errors import NotFound
from records.models import Passage, PassageVector
from records.repositories.common import chunks


class Vectors:
    """The vectors of one workspace's passages, float32 and little-endian."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def set(self, model: str, vectors: Mapping[str, bytes]) -> None:
        """Keep these passages' vectors, by passage id; NotFound ``passage_not_found`` for a strange id."""
        if not vectors:
            return
        mine = select(Passage.id).where(Passage.workspace_id == self._workspace_id)
        known = {
            found
            for chunk in chunks(vectors)
            for found in self._session.scalars(mine.where(Passage.id.in_(chunk)))
        }
        missing = sorted(set(vectors) - known)
        if missing:
            raise NotFound("passage_not_found", f"there is no passage {missing[0]} in this workspace")
        # Others may keep the same passage's vector at the same time: whoever comes second rewrites it.
        insert = postgresql.insert if self._session.get_bind().dialect.name == "postgresql" else sqlite.insert
        statement = insert(PassageVector)
        statement = statement.on_conflict_do_update(
            index_elements=["passage_id", "model"], set_={"vector": statement.excluded.vector}
        )
        rows = [{"passage_id": one, "model": model, "vector": vectors[one]} for one in sorted(vectors)]
        self._session.execute(statement, rows)

    def of(self, model: str, passage_ids: Collection[str]) -> dict[str, bytes]:
        """Those of the passages' vectors that this model has made."""
        query = (
            select(PassageVector.passage_id, PassageVector.vector)
            .join(Passage, Passage.id == PassageVector.passage_id)
            .where(PassageVector.model == model, Passage.workspace_id == self._workspace_id)
        )
        found: dict[str, bytes] = {}
        for chunk in chunks(passage_ids):
            rows = self._session.execute(query.where(PassageVector.passage_id.in_(chunk)))
            found.update((row.passage_id, row.vector) for row in rows)
        return found

    def without(
        self, model: str, limit: int | None = None, after: str = "", *, first: bool = False
    ) -> list[Passage]:
        """Passages behind ``after`` that this model has not seen yet, in their ids' order.

        ``first``: only such as begin a paper.
        """
        query = select(Passage).where(Passage.id > after, *self._unseen(model, first))
        return list(self._session.scalars(query.order_by(Passage.id).limit(limit)))

    def waiting(self, model: str, *, first: bool = False) -> int:
        """How many passages this model has not seen yet."""
        query = select(func.count()).select_from(Passage).where(*self._unseen(model, first))
        return self._session.scalar(query) or 0

    def _unseen(self, model: str, first: bool) -> list[ColumnElement[bool]]:
        seen = select(PassageVector.passage_id).where(
            PassageVector.passage_id == Passage.id, PassageVector.model == model
        )
        wanted = [Passage.workspace_id == self._workspace_id, ~seen.exists()]
        return [*wanted, Passage.position == 0] if first else wanted

    def count(self) -> int:
        """Passages of the workspace, whether a model has seen them or not."""
        mine = select(func.count()).select_from(Passage).where(Passage.workspace_id == self._workspace_id)
        return self._session.scalar(mine) or 0

    def ids(self, model: str) -> list[tuple[str, str]]:
        """All passages that this model has seen, each with its paper."""
        query = (
            select(Passage.id, Passage.paper_id)
            .join(PassageVector, PassageVector.passage_id == Passage.id)
            .where(Passage.workspace_id == self._workspace_id, PassageVector.model == model)
        )
        return [(passage_id, paper_id) for passage_id, paper_id in self._session.execute(query)]

    def forget(self, model: str) -> int:
        """Throw away what this model made, which no index rests on any more."""
        mine = select(Passage.id).where(Passage.workspace_id == self._workspace_id)
        gone = delete(PassageVector).where(PassageVector.model == model, PassageVector.passage_id.in_(mine))
        return cast("CursorResult[Any]", self._session.execute(gone)).rowcount
