"""API keys: a program's way into one workspace."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from records.base import now
from records.errors import BadInput, NotFound
from records.key_text import new_key_text
from records.models import ApiKey
from records.roles import SCOPES
from records.secrets import keyed_digest

LONGEST_NAME = 100


class Keys:
    def __init__(self, session: Session, workspace_id: str) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def create(
        self,
        secret: bytes,
        name: str,
        scopes: Sequence[str],
        created_by: str,
        expires_at: datetime | None = None,
    ) -> tuple[ApiKey, str]:
        """A new key and its text, which is kept nowhere (BadInput ``bad_key_request``)."""
        if not 1 <= len(name.strip()) <= LONGEST_NAME:
            raise BadInput("bad_key_request", f"a key's name has 1 to {LONGEST_NAME} characters")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise BadInput("bad_key_request", f"a key's scopes are some of {', '.join(SCOPES)}")
        if expires_at is not None and expires_at <= now():
            raise BadInput("bad_key_request", "a key cannot expire before it is made")
        made = new_key_text()
        key = ApiKey(
            workspace_id=self._workspace_id,
            name=name.strip(),
            prefix=made.prefix,
            digest=keyed_digest(secret, "key", made.text),
            scopes=[scope for scope in SCOPES if scope in scopes],
            created_by=created_by,
            expires_at=expires_at,
        )
        self._session.add(key)
        self._session.flush()
        return key, made.text

    def get(self, key_id: str) -> ApiKey:
        query = select(ApiKey).where(ApiKey.id == key_id, ApiKey.workspace_id == self._workspace_id)
        return self._found(self._session.scalar(query), key_id)

    def find(self, prefix: str) -> ApiKey | None:
        query = select(ApiKey).where(ApiKey.prefix == prefix, ApiKey.workspace_id == self._workspace_id)
        return self._session.scalar(query)

    def page(self, limit: int, after: str | None = None) -> list[ApiKey]:
        """Up to ``limit`` keys, newest first, older than ``after``."""
        query = select(ApiKey).where(ApiKey.workspace_id == self._workspace_id)
        if after is not None:
            query = query.where(ApiKey.id < after)
        return list(self._session.scalars(query.order_by(ApiKey.id.desc()).limit(limit)))

    def revoke(self, key_id: str) -> bool:
        """Let the key open nothing any more, from now on; whether it did until now."""
        key = self.get(key_id)
        if key.revoked_at is not None:
            return False
        key.revoked_at = now()
        self._session.flush()
        return True

    def _found(self, key: ApiKey | None, named: str) -> ApiKey:
        if key is None:
            raise NotFound("key_not_found", f"there is no key {named} in this workspace")
        return key


def key_by_prefix(session: Session, prefix: str) -> ApiKey | None:
    """A key of any workspace: it is the key that tells the workspace. Its secret is yet to be compared."""
    return session.scalar(select(ApiKey).where(ApiKey.prefix == prefix))


def key_was_used(session: Session, key_id: str, every: timedelta) -> None:
    """Note the use, unless one was noted less than ``every`` ago."""
    unnoted = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < now() - every)
    session.execute(update(ApiKey).where(ApiKey.id == key_id, unnoted).values(last_used_at=now()))
