"""Experiments that were recommended or done, and what came out of them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from records.base import Base, Created, Id, ref


class Experiment(Base):
    """One test of one candidate, in the order in which the policy asked for it."""

    __tablename__ = "experiment"
    __table_args__ = (UniqueConstraint("run_id", "sequence"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    run_id: Mapped[str] = mapped_column(ref("run.id"))
    hypothesis_id: Mapped[str] = mapped_column(ref("hypothesis.id"), index=True)
    sequence: Mapped[int]
    state: Mapped[str] = mapped_column(String(16), default="pending")
    """pending, done, failed, abandoned."""
    recommended_by: Mapped[str] = mapped_column(String(40))
    """The policy that chose it, or the person."""
    expected: Mapped[float | None]
    """The score that was expected of it when it was asked for; none before anything was measured."""
    expected_sd: Mapped[float | None]
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]

    results: Mapped[list[Result]] = relationship(order_by="Result.replicate", cascade="all, delete-orphan")


class Result(Base):
    """A measurement, or the fact that there was none to be had."""

    __tablename__ = "result"
    __table_args__ = (UniqueConstraint("experiment_id", "replicate"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    experiment_id: Mapped[str] = mapped_column(ref("experiment.id"))
    replicate: Mapped[int] = mapped_column(default=0)
    status: Mapped[str] = mapped_column(String(16))
    """done, failed, withdrawn."""
    score: Mapped[float | None]
    sem: Mapped[float | None]
    unit: Mapped[str] = mapped_column(String(40), default="")
    cost: Mapped[float] = mapped_column(default=0.0)
    source: Mapped[str] = mapped_column(String(200))
    """Who or what said it: the laboratory's name, or a person."""
    note: Mapped[str] = mapped_column(Text, default="")
    measured_at: Mapped[datetime | None]
    """When it was measured, where somebody said so."""
    entered_by: Mapped[str] = mapped_column(String(120), default="")
    """Who told Touchstone."""
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form
