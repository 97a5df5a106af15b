"""Who may do what: accounts, their places in workspaces, API keys, browser sessions, sign-in links.

Of every secret only an HMAC is kept (hex of SHA-256 under the installation's own key).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class Account(Base):
    """A person who signs in with a browser; may belong to several workspaces."""

    __tablename__ = "account"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    """What is typed to sign in: lower case."""
    password_hash: Mapped[str | None] = mapped_column(String(255))
    """argon2id, encoded; none until the first sign-in."""
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[Created]


class Member(Base):
    """An account's place in a workspace."""

    __tablename__ = "member"
    __table_args__ = (UniqueConstraint("workspace_id", "account_id"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    account_id: Mapped[str] = mapped_column(ref("account.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    """reader, chemist, owner."""
    created_at: Mapped[Created]


class ApiKey(Base):
    """A program's way in: shown once, when it is made."""

    __tablename__ = "api_key"

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(String(120))
    prefix: Mapped[str] = mapped_column(String(16), unique=True)
    """The public part of the key, by which it is found and named."""
    digest: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[Any]] = mapped_column(default=list)
    """Some of read, write, admin."""
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[Created]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class BrowserSession(Base):
    __tablename__ = "browser_session"

    id: Mapped[Id]
    account_id: Mapped[str] = mapped_column(ref("account.id"), index=True)
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    """The workspace that is looked at."""
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Created]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class SignInLink(Base):
    """Lets an account set its password, once."""

    __tablename__ = "sign_in_link"

    id: Mapped[Id]
    account_id: Mapped[str] = mapped_column(ref("account.id"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[Created]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Answered(Base):
    """The answer that a request with an Idempotency-Key got, to be given again."""

    __tablename__ = "answered"
    __table_args__ = (UniqueConstraint("workspace_id", "key"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    key: Mapped[str] = mapped_column(String(200))
    fingerprint: Mapped[str] = mapped_column(String(64))
    """SHA-256 of who asked, method, path and body: the same key with another request is a mistake."""
    status: Mapped[int | None]
    """None while the first request is still being answered."""
    headers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    body: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[Created] = mapped_column(index=True)
