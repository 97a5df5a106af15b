"""A program with ``Authorization: Bearer tsk_…``."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from api.access.principal import Principal
from api.problems import Refused
from records.base import now
from records.key_text import KeyText, read_key_text
from records.models import ApiKey
from records.repositories.keys import key_by_prefix, key_was_used
from records.repositories.workspaces import Workspaces
from records.roles import with_implied
from records.secrets import keyed_digest

if TYPE_CHECKING:
    from api.context import Context

CHALLENGE = 'Bearer realm="touchstone"'
NOBODY = "0" * 64


def from_authorization(header: str, wanted_workspace: str | None, context: Context) -> Principal:
    """Whose key it is; Refused 401 ``no_credentials``, ``bad_key``, ``revoked_key`` or ``expired_key``."""
    scheme, _, credentials = header.partition(" ")
    if scheme.lower() != "bearer":
        raise Refused(
            401,
            "no_credentials",
            "send an API key as Authorization: Bearer tsk_…",
            headers={"WWW-Authenticate": CHALLENGE},
        )
    text = read_key_text(credentials.strip())
    if text is None:
        raise _refused("bad_key", "this is no API key, or a character of it is wrong; copy it again")
    key = _proven(text, context)
    if wanted_workspace is not None:
        _check_workspace(key, wanted_workspace, context)
    context.noting.note(context.database, key.id, key_was_used)
    return Principal("key", key.id, f"key {key.name}", key.workspace_id, with_implied(key.scopes))


def _proven(text: KeyText, context: Context) -> ApiKey:
    """The key's row; what is wrong with it is told only to whoever has the whole key, and takes no longer."""
    with context.database.read() as session:
        key = key_by_prefix(session, text.prefix)
    digest = keyed_digest(context.secret, "key", text.text)
    same = hmac.compare_digest(digest, NOBODY if key is None else key.digest)
    if key is None or not same:
        raise _refused("bad_key", "there is no such API key; make one with: touchstone key create NAME")
    if key.revoked_at is not None:
        raise _refused("revoked_key", "this API key was revoked; ask an owner of the workspace for another")
    if key.expires_at is not None and key.expires_at <= now():
        raise _refused("expired_key", "this API key has expired; ask an owner of the workspace for another")
    return key


def _check_workspace(key: ApiKey, wanted: str, context: Context) -> None:
    with context.database.read() as session:
        own = Workspaces(session).get(key.workspace_id).name
    if wanted != own:
        raise Refused(403, "other_workspace", f"this API key is of the workspace {own} alone")


def _refused(code: str, message: str) -> Refused:
    challenge = f'{CHALLENGE}, error="invalid_token"'
    return Refused(401, code, message, headers={"WWW-Authenticate": challenge})
