"""Files that are handed in or written for somebody."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, undefer

from records.base import new_id
from records.errors import NotFound
from records.models import StoredFile
from records.names import plain_name


class Files:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def add(
        self,
        name: str,
        media_type: str,
        content: bytes,
        *,
        created_by: str,
        expires_at: datetime | None = None,
        file_id: str | None = None,
    ) -> StoredFile:
        """Keep a file under a name without folders; without ``expires_at`` it is kept until it is deleted.

        A ``file_id`` of the caller's makes the second adding of the same file find the first one.
        """
        if file_id is not None and (kept := self._find(file_id)) is not None:
            return kept
        row = StoredFile(
            id=file_id or new_id(),
            workspace_id=self._workspace_id,
            name=plain_name(name),
            media_type=media_type[:120],
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            created_by=created_by,
            expires_at=expires_at,
        )
        self._session.add(row)
        self._session.flush()
        return row

    def get(self, file_id: str) -> StoredFile:
        """What is known of a file; its content is not loaded."""
        row = self._find(file_id)
        if row is None:
            raise NotFound("file_not_found", f"there is no file {file_id} in this workspace")
        return row

    def content(self, file_id: str) -> bytes:
        mine = StoredFile.id == file_id, StoredFile.workspace_id == self._workspace_id
        row = self._session.scalar(select(StoredFile).where(*mine).options(undefer(StoredFile.content)))
        if row is None:
            raise NotFound("file_not_found", f"there is no file {file_id} in this workspace")
        return row.content

    def page(self, limit: int, after: str | None = None) -> list[StoredFile]:
        """Files older than ``after``, newest first."""
        query = select(StoredFile).where(StoredFile.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(StoredFile.id < after)
        return list(self._session.scalars(query.order_by(StoredFile.id.desc()).limit(limit)))

    def _find(self, file_id: str) -> StoredFile | None:
        mine = StoredFile.id == file_id, StoredFile.workspace_id == self._workspace_id
        return self._session.scalar(select(StoredFile).where(*mine))
