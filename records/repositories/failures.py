"""Papers that could not be taken in: why, and what is needed to try them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, update
from sqlalchemy.orm import Session

from records.base import now
from records.errors import NotFound
from records.models import PaperFailure
from records.repositories.common import chunks

LONGEST_KEY = 500


@dataclass(frozen=True, slots=True)
class Failed:
    """A paper that failed just now."""

    key: str
    """What its source calls it."""
    reason: str
    payload: Mapping[str, Any] = field(default_factory=dict)
    """What is needed to try it again."""


class Failures:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def note(self, source: str, failed: Iterable[Failed], *, feed_id: str | None = None) -> None:
        """Keep these failures of a source; one that is known already counts one attempt more."""
        for chunk in chunks({one.key[:LONGEST_KEY]: one for one in failed}.items()):
            known = {row.key: row for row in self._of(source, [key for key, _ in chunk])}
            for key, one in chunk:
                row = known.get(key)
                if row is None:
                    row = PaperFailure(workspace_id=self._workspace_id, source=source, key=key, attempts=0)
                    self._session.add(row)
                row.attempts += 1
                row.reason, row.payload, row.feed_id = one.reason, dict(one.payload), feed_id
                row.last_at, row.resolved_at = now(), None
        self._session.flush()

    def resolve(self, source: str, keys: Iterable[str]) -> None:
        """These papers of a source are in now."""
        for chunk in chunks(key[:LONGEST_KEY] for key in keys):
            self._resolve(PaperFailure.source == source, PaperFailure.key.in_(chunk))

    def resolve_below(self, source: str, prefixes: Iterable[str]) -> None:
        """All papers of a source whose keys begin so are in now, or are not in it any more."""
        for chunk in chunks(prefixes):
            begin = (PaperFailure.key.startswith(prefix, autoescape=True) for prefix in chunk)
            self._resolve(PaperFailure.source == source, or_(*begin))

    def get(self, failure_id: str) -> PaperFailure:
        found = self._session.get(PaperFailure, failure_id)
        if found is None or found.workspace_id != self._workspace_id:
            raise NotFound("failure_not_found", f"there is no failed paper {failure_id} in this workspace")
        return found

    def page(
        self, limit: int, after: str | None = None, *, feed_id: str | None = None, resolved: bool = False
    ) -> list[PaperFailure]:
        """Failures older than ``after``, newest first: those that are open, or all."""
        query = select(PaperFailure).where(PaperFailure.workspace_id == self._workspace_id)
        if not resolved:
            query = query.where(PaperFailure.resolved_at.is_(None))
        if feed_id is not None:
            query = query.where(PaperFailure.feed_id == feed_id)
        if after is not None:
            query = query.where(PaperFailure.id < after)
        return list(self._session.scalars(query.order_by(PaperFailure.id.desc()).limit(limit)))

    def count(self) -> int:
        """Failures that are open."""
        mine = PaperFailure.workspace_id == self._workspace_id, PaperFailure.resolved_at.is_(None)
        return self._session.scalar(select(func.count()).select_from(PaperFailure).where(*mine)) or 0

    def _of(self, source: str, keys: list[str]) -> list[PaperFailure]:
        mine = PaperFailure.workspace_id == self._workspace_id, PaperFailure.source == source
        return list(self._session.scalars(select(PaperFailure).where(*mine, PaperFailure.key.in_(keys))))

    def _resolve(self, *which: ColumnElement[bool]) -> None:
        mine = PaperFailure.workspace_id == self._workspace_id, PaperFailure.resolved_at.is_(None)
        self._session.execute(update(PaperFailure).where(*mine, *which).values(resolved_at=now()))
