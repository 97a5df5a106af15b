"""How the literature is organised, and how new a hypothesis is against it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class Topic(Base):
    """A node of a topic tree: over one collection, or over all that a workspace has."""

    __tablename__ = "topic"
    __table_args__ = (Index(None, "workspace_id", "collection_id"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    collection_id: Mapped[str | None] = mapped_column(ref("collection.id"))
    parent_id: Mapped[str | None] = mapped_column(ref("topic.id"), index=True)
    position: Mapped[int]
    """Among its siblings."""
    name: Mapped[str] = mapped_column(Text)
    """From its own terms."""
    own_name: Mapped[str | None] = mapped_column(Text)
    """What a person called it; it outranks the other and outlives a rebuild."""
    terms: Mapped[list[Any]] = mapped_column(default=list)
    size: Mapped[int] = mapped_column(default=0)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form


class TopicPaper(Base):
    """A paper at a node; one of its nodes is its home (weight 1), others are near."""

    __tablename__ = "topic_paper"

    topic_id: Mapped[str] = mapped_column(ref("topic.id"), primary_key=True)
    paper_id: Mapped[str] = mapped_column(ref("paper.id"), primary_key=True, index=True)
    pinned: Mapped[bool] = mapped_column(default=False)
    """A person put it there."""
    weight: Mapped[float] = mapped_column(default=1.0)


class Novelty(Base):
    """How new a hypothesis is against what is published, when that was last looked at."""

    __tablename__ = "novelty"

    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"), primary_key=True)
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    score: Mapped[float]
    nearest: Mapped[list[Any]] = mapped_column(default=list)
    """The nearest published statements, with the key points that they share."""
    model: Mapped[str] = mapped_column(String(200))
    checked_at: Mapped[Created]


class NoveltyFlag(Base):
    """A new paper that touches what a hypothesis claims, until somebody has seen it."""

    __tablename__ = "novelty_flag"
    __table_args__ = (Index(None, "hypothesis_id", "paper_id", unique=True),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"))
    paper_id: Mapped[str] = mapped_column(ref("paper.id"), index=True)
    score: Mapped[float]
    """The hypothesis' novelty with this paper known."""
    created_at: Mapped[Created]
    seen_at: Mapped[datetime | None]
    seen_by: Mapped[str] = mapped_column(String(120), default="")
