"""What people leave on hypotheses beside their reviews: former versions, comments, tags, and undone steps."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class HypothesisVersion(Base):
    """A hypothesis as it read before somebody edited it."""

    __tablename__ = "hypothesis_version"
    __table_args__ = (UniqueConstraint("hypothesis_id", "version"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"))
    version: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    clauses: Mapped[list[Any]] = mapped_column(default=list)
    """The clauses' texts, in their order."""
    written_by: Mapped[str] = mapped_column(String(120), default="")
    """Who had written this version; nobody, where it is as it was made."""
    created_at: Mapped[Created]
    """When the next version took its place."""


class Comment(Base):
    __tablename__ = "comment"

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"), index=True)
    author: Mapped[str] = mapped_column(String(120))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[Created]


class Tag(Base):
    """A word that people find hypotheses by; the workspace's, whoever put it there."""

    __tablename__ = "tag"
    __table_args__ = (UniqueConstraint("hypothesis_id", "name"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"))
    name: Mapped[str] = mapped_column(String(60))
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[Created]


class ReviewChange(Base):
    """One step of a review, with what it said before, so that the step can be undone."""

    __tablename__ = "review_change"

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    review_id: Mapped[str] = mapped_column(ref("review.id"), index=True)
    action_id: Mapped[str] = mapped_column(String(36), index=True)
    """What was done at once to several reviews is undone at once."""
    actor: Mapped[str] = mapped_column(String(120))
    former: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Status, verdict, reason and ratings; none where the review was new."""
    version: Mapped[int]
    """Of the review after it: it is undone only if nothing came behind it."""
    created_at: Mapped[Created]
    undone_at: Mapped[datetime | None]
