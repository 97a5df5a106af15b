"""Papers, the passages that they are read in, and the feeds that bring new ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class Paper(Base):
    __tablename__ = "paper"
    __table_args__ = (
        Index(None, "workspace_id", "id"),
        UniqueConstraint("workspace_id", "doi"),
        UniqueConstraint("workspace_id", "title_key"),
    )

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    title: Mapped[str] = mapped_column(Text)
    title_key: Mapped[str] = mapped_column(String(500))
    """The title in normal form (knowledge.dedup.title_key), by which copies are recognised."""
    doi: Mapped[str | None] = mapped_column(String(255))
    """Lower case, without resolver prefix."""
    abstract: Mapped[str] = mapped_column(Text)
    authors: Mapped[list[Any]] = mapped_column(default=list)
    year: Mapped[int | None]
    venue: Mapped[str | None] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    """Where it came from: file name and format."""
    created_at: Mapped[Created]


class Passage(Base):
    """A piece of a paper, short enough to embed; quotes point into its text by character."""

    __tablename__ = "passage"
    __table_args__ = (UniqueConstraint("paper_id", "position"), Index(None, "workspace_id", "paper_id"))

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    paper_id: Mapped[str] = mapped_column(ref("paper.id"))
    position: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary)
    """float32, little-endian; kept here so that the index can be rebuilt without computing anything."""
    embedding_model: Mapped[str | None] = mapped_column(String(200))


class Feed(Base):
    """Where papers come from by themselves, and when."""

    __tablename__ = "feed"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    name: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(40))
    """The kind of source: folder."""
    query: Mapped[str] = mapped_column(Text, default="")
    cron: Mapped[str] = mapped_column(String(120))
    """Minute, hour, day, month, weekday; UTC."""
    active: Mapped[bool] = mapped_column(default=True)
    last_run_at: Mapped[datetime | None]
    last_result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form
