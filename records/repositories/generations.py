"""Vector indexes by the model that made them: one answers, another may be on its way."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from records.base import now
from records.models import IndexGeneration
from records.repositories.common import find_or_insert

BUILDING, SERVING, RETIRED = "building", "serving", "retired"


class Generations:
    """The indexes of one workspace; at most one of them is serving."""

    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def all(self) -> list[IndexGeneration]:
        query = select(IndexGeneration).where(IndexGeneration.workspace_id == self._workspace_id)
        return list(self._session.scalars(query.order_by(IndexGeneration.id)))

    def serving(self) -> IndexGeneration | None:
        """The one that answers; None before there was any."""
        return next((one for one in self.all() if one.state == SERVING), None)

    def begin(self, model: str, setting: str, dimension: int) -> IndexGeneration:
        """The index of this model: the one that there is, or a new one that is being built."""
        made = IndexGeneration(
            workspace_id=self._workspace_id,
            model=model,
            setting=setting,
            dimension=dimension,
            state=BUILDING,
        )
        found = find_or_insert(self._session, lambda: self._of(model), made)
        if found.state == RETIRED:
            found.state, found.completed_at = BUILDING, None
        found.setting = setting
        return found

    def switch(self, model: str, passages: int) -> list[str]:
        """From now on this model's index answers; the models whose indexes nobody needs any more."""
        for one in self.all():
            if one.model == model:
                one.state, one.passages, one.completed_at = SERVING, passages, now()
            elif one.state != RETIRED:
                one.state = RETIRED
        return [one.model for one in self.all() if one.state == RETIRED]

    def forget(self, model: str) -> None:
        if (found := self._of(model)) is not None:
            self._session.delete(found)

    def _of(self, model: str) -> IndexGeneration | None:
        query = select(IndexGeneration).where(
            IndexGeneration.workspace_id == self._workspace_id, IndexGeneration.model == model
        )
        return self._session.scalar(query)
