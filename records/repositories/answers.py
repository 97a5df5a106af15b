"""Answers that were given to requests with an Idempotency-Key."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from records.models import Answered


class Answers:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def find(self, key: str) -> Answered | None:
        query = select(Answered).where(Answered.workspace_id == self._workspace_id, Answered.key == key)
        return self._session.scalar(query)

    def reserve(self, key: str, fingerprint: str) -> None:
        """Take the key; raises sqlalchemy's IntegrityError when somebody has it."""
        self._session.add(Answered(workspace_id=self._workspace_id, key=key, fingerprint=fingerprint))
        self._session.flush()

    def answer(self, key: str, status: int, headers: Mapping[str, str], body: str) -> None:
        """Keep the answer under a key that was reserved."""
        mine = (Answered.workspace_id == self._workspace_id, Answered.key == key)
        change = {"status": status, "headers": dict(headers), "body": body}
        self._session.execute(update(Answered).where(*mine).values(change))
