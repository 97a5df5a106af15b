"""Papers, the passages that they are read in, and the feeds that bring new ones."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class Paper(Base):
    """A record of a paper; two versions of one work are two records, the earlier pointing at the later."""

    __tablename__ = "paper"
    __table_args__ = (
        Index(None, "workspace_id", "id"),
        Index(None, "workspace_id", "title_key"),
        UniqueConstraint("workspace_id", "doi"),
        UniqueConstraint("workspace_id", "arxiv_id"),
    )

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    title: Mapped[str] = mapped_column(Text)
    title_key: Mapped[str] = mapped_column(String(500))
    """The title in normal form (knowledge.dedup.title_key), by which copies are recognised."""
    doi: Mapped[str | None] = mapped_column(String(255))
    """Lower case, without resolver prefix."""
    arxiv_id: Mapped[str | None] = mapped_column(String(64))
    """Without its version."""
    identifiers: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What other services call it: pmid, pmcid, openalex, s2."""
    abstract: Mapped[str] = mapped_column(Text)
    authors: Mapped[list[Any]] = mapped_column(default=list)
    year: Mapped[int | None]
    published_on: Mapped[str | None] = mapped_column(String(10))
    """As exact as its sources know: 2025, 2025-06 or 2025-06-07."""
    venue: Mapped[str | None] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(String(16), default="")
    """article, preprint, review, other; empty where nobody says."""
    url: Mapped[str | None] = mapped_column(Text)
    licence: Mapped[str] = mapped_column(String(200), default="")
    retraction: Mapped[str] = mapped_column(String(16), default="")
    """retracted, concern, corrected; empty where nothing is known."""
    references: Mapped[list[Any]] = mapped_column(default=list)
    """DOIs of what it cites, where known."""
    source: Mapped[str] = mapped_column(Text)
    """Where it came from first: file name and format, or the feed's source."""
    sources: Mapped[list[Any]] = mapped_column(default=list)
    """Everybody who told of it: source, its id there, url, when it was seen."""
    version_of: Mapped[str | None] = mapped_column(ref("paper.id", ondelete="SET NULL"), index=True)
    """The later record of the same work, of which this one is a preprint or an earlier version."""
    fingerprint: Mapped[int | None] = mapped_column(BigInteger)
    """Of the abstract (knowledge.dedup), by which near-copies are found."""
    has_text: Mapped[bool] = mapped_column(default=False)
    """Whether its passages come from the full text, not from the abstract alone."""
    created_at: Mapped[Created]


class Passage(Base):
    """A piece of a paper, short enough to embed; quotes point into its text by character."""

    __tablename__ = "passage"
    __table_args__ = (UniqueConstraint("paper_id", "position"), Index(None, "workspace_id", "paper_id"))

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    paper_id: Mapped[str] = mapped_column(ref("paper.id"))
    position: Mapped[int]
    section: Mapped[str] = mapped_column(String(200), default="")
    """The heading that it stands under; empty in an abstract."""
    text: Mapped[str] = mapped_column(Text)


class PassageVector(Base):
    """A passage as one embedding model sees it; kept so that an index is rebuilt without computing."""

    __tablename__ = "passage_vector"

    passage_id: Mapped[str] = mapped_column(ref("passage.id"), primary_key=True)
    model: Mapped[str] = mapped_column(String(200), primary_key=True)
    vector: Mapped[bytes] = mapped_column(LargeBinary)
    """float32, little-endian."""


class IndexGeneration(Base):
    """A workspace's vector index for one embedding model, and whether it answers already."""

    __tablename__ = "index_generation"
    __table_args__ = (UniqueConstraint("workspace_id", "model"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    model: Mapped[str] = mapped_column(String(200))
    """The model's name with its version."""
    setting: Mapped[str] = mapped_column(Text, default="bundled")
    """By which the model is loaded, also after the settings have come to name another."""
    dimension: Mapped[int]
    state: Mapped[str] = mapped_column(String(16))
    """building, serving, retired."""
    passages: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[Created]
    completed_at: Mapped[datetime | None]


class Collection(Base):
    """Papers that somebody put together: a workspace's reading list, or what one run alone may read."""

    __tablename__ = "collection"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    name: Mapped[str] = mapped_column(String(120))
    tier: Mapped[str] = mapped_column(String(16), default="workspace")
    """workspace, run."""
    run_id: Mapped[str | None] = mapped_column(ref("run.id"), index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form


class CollectionPaper(Base):
    __tablename__ = "collection_paper"

    collection_id: Mapped[str] = mapped_column(ref("collection.id"), primary_key=True)
    paper_id: Mapped[str] = mapped_column(ref("paper.id"), primary_key=True, index=True)


class PaperFailure(Base):
    """A paper that could not be taken in, with what is needed to try it again."""

    __tablename__ = "paper_failure"
    __table_args__ = (UniqueConstraint("workspace_id", "source", "key"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    feed_id: Mapped[str | None] = mapped_column(ref("feed.id", ondelete="SET NULL"))
    source: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(500))
    """What the source calls it: an id, or a file's name."""
    reason: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """The record as it came, or where its file is kept."""
    attempts: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[Created]
    last_at: Mapped[Created]
    resolved_at: Mapped[datetime | None]


class Feed(Base):
    """Where papers come from by themselves, and when."""

    __tablename__ = "feed"
    __table_args__ = (UniqueConstraint("workspace_id", "name"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    name: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(40))
    """The kind of source (records.repositories.feeds.SOURCES)."""
    query: Mapped[str] = mapped_column(Text, default="")
    collection_id: Mapped[str | None] = mapped_column(ref("collection.id", ondelete="SET NULL"))
    """Where its papers are put together, if anywhere."""
    since: Mapped[str | None] = mapped_column(String(10))
    """A day, YYYY-MM-DD: what was published before it is left out."""
    cron: Mapped[str] = mapped_column(String(120))
    """Minute, hour, day, month, weekday; UTC."""
    active: Mapped[bool] = mapped_column(default=True)
    state: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What its source remembers, so that only what is new is asked for."""
    last_run_at: Mapped[datetime | None]
    last_result: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    next_run_at: Mapped[datetime | None] = mapped_column(index=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form
