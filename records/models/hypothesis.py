"""Hypotheses: what they claim, on what evidence, by which traits, in which clusters, and their reviews."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from records.base import Base, Created, Id, ref


class Hypothesis(Base):
    """A candidate of a run: composed from literature, a row of a measured table, or a chemist's own."""

    __tablename__ = "hypothesis"
    __table_args__ = (UniqueConstraint("run_id", "position"), Index(None, "workspace_id", "run_id"))

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    run_id: Mapped[str] = mapped_column(ref("run.id"))
    position: Mapped[int]
    origin: Mapped[str] = mapped_column(String(16), default="literature")
    """literature, table, own."""
    title: Mapped[str] = mapped_column(Text)
    statement: Mapped[str] = mapped_column(Text)
    features: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """Columns of the table row it stands for: text for categories, numbers for numbers."""
    reasoner: Mapped[str] = mapped_column(String(40))
    model: Mapped[str] = mapped_column(String(200), default="")
    prompt_version: Mapped[str] = mapped_column(String(40), default="")
    seed: Mapped[int] = mapped_column(BigInteger, default=0)
    version: Mapped[int] = mapped_column(default=1)
    edited_by: Mapped[str] = mapped_column(String(120), default="")
    """Who wrote it as it reads now; nobody, where it is as it was made."""
    created_at: Mapped[Created]

    clauses: Mapped[list[Clause]] = relationship(order_by="Clause.position", cascade="all, delete-orphan")
    key_points: Mapped[list[KeyPoint]] = relationship(
        order_by="KeyPoint.position", cascade="all, delete-orphan"
    )
    inspirations: Mapped[list[Inspiration]] = relationship(
        order_by="Inspiration.position", cascade="all, delete-orphan"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form


class Inspiration(Base):
    """A passage that brought something in which the question's own field does not have."""

    __tablename__ = "inspiration"
    __table_args__ = (UniqueConstraint("hypothesis_id", "position"),)

    id: Mapped[Id]
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"))
    passage_id: Mapped[str] = mapped_column(ref("passage.id"), index=True)
    position: Mapped[int]


class Clause(Base):
    __tablename__ = "clause"
    __table_args__ = (UniqueConstraint("hypothesis_id", "position"),)

    id: Mapped[Id]
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"))
    position: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    """proposal, mechanism, prediction, context."""
    text: Mapped[str] = mapped_column(Text)

    evidence: Mapped[list[Evidence]] = relationship(
        order_by="Evidence.position", cascade="all, delete-orphan"
    )


class Evidence(Base):
    """A quoted span, verified to stand in its passage: ``passage.text[start:end] == quote``."""

    __tablename__ = "evidence"
    __table_args__ = (UniqueConstraint("clause_id", "position"),)

    id: Mapped[Id]
    clause_id: Mapped[str] = mapped_column(ref("clause.id"))
    passage_id: Mapped[str] = mapped_column(ref("passage.id"), index=True)
    position: Mapped[int]
    quote: Mapped[str] = mapped_column(Text)
    start: Mapped[int]
    end: Mapped[int]


class KeyPoint(Base):
    """A functional trait of a hypothesis: what it is, and what it is there for."""

    __tablename__ = "key_point"
    __table_args__ = (UniqueConstraint("hypothesis_id", "position"),)

    id: Mapped[Id]
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text, default="")


class Cluster(Base):
    """A functional category that several hypotheses share."""

    __tablename__ = "cluster"
    __table_args__ = (UniqueConstraint("run_id", "position"),)

    id: Mapped[Id]
    run_id: Mapped[str] = mapped_column(ref("run.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(Text)
    key_points: Mapped[list[Any]] = mapped_column(default=list)
    """Names of the key points in it, nearest to its centre first."""


class Membership(Base):
    """A hypothesis in a cluster, with the share (0 to 1) of it that lies there; it may be in several."""

    __tablename__ = "membership"
    __table_args__ = (UniqueConstraint("cluster_id", "hypothesis_id"),)

    id: Mapped[Id]
    cluster_id: Mapped[str] = mapped_column(ref("cluster.id"))
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"), index=True)
    weight: Mapped[float]


class Review(Base):
    """A person's verdict on a hypothesis; a newer one of the same reviewer stands, the older ones stay."""

    __tablename__ = "review"

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"), index=True)
    reviewer: Mapped[str] = mapped_column(String(120))
    status: Mapped[str] = mapped_column(String(16), default="pending")
    """pending, draft, submitted, discarded."""
    verdict: Mapped[str | None] = mapped_column(String(16))
    """accept, reject."""
    reason: Mapped[str] = mapped_column(Text, default="")
    ratings: Mapped[dict[str, Any]] = mapped_column(default=dict)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form
