"""A workspace, the questions asked in it, and the runs that answer them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class Workspace(Base):
    """A tenant: everything else belongs to one."""

    __tablename__ = "workspace"

    id: Mapped[Id]
    name: Mapped[str] = mapped_column(String(120), unique=True)
    created_at: Mapped[Created]


class Question(Base):
    __tablename__ = "question"

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    survey: Mapped[str] = mapped_column(Text, default="")
    """Background survey: what the field has tried so far."""
    created_at: Mapped[Created]


class Run(Base):
    """One walk of a question from literature to a ranked list; its id is also the graph's thread id."""

    __tablename__ = "run"
    __table_args__ = (Index(None, "workspace_id", "id"),)

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"))
    question_id: Mapped[str] = mapped_column(ref("question.id"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="created")
    """created, running, waiting (for a chemist), paused, done, stopped (budget), failed, cancelled."""
    stage: Mapped[str] = mapped_column(String(32), default="")
    """The last node of the graph that ended."""
    plan: Mapped[dict[str, Any]]
    """What was asked for, whole: reasoner, laboratory, budgets, seed (agents.plan.Plan as JSON)."""
    outcome: Mapped[dict[str, Any]] = mapped_column(default=dict)
    """What came of it beyond rows: standings, contributions, map, seconds by stage, notes."""
    control: Mapped[str] = mapped_column(String(16), default="")
    """What a person wants of whoever is at work on it: pause, cancel, or nothing."""
    cloned_from: Mapped[str | None] = mapped_column(ref("run.id", ondelete="SET NULL"))
    created_by: Mapped[str] = mapped_column(String(120), default="")
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's own form


class RunEvent(Base):
    """Something that happened to a run, for whoever follows it; ids sort by time."""

    __tablename__ = "run_event"

    id: Mapped[Id]
    run_id: Mapped[str] = mapped_column(ref("run.id"), index=True)
    kind: Mapped[str] = mapped_column(String(24))
    """state, stage, progress, experiment, result, hypothesis, ranking."""
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[Created]


class RunPaper(Base):
    """The papers that a run may read: its corpus, fixed when it starts."""

    __tablename__ = "run_paper"
    __table_args__ = (UniqueConstraint("run_id", "paper_id"),)

    id: Mapped[Id]
    run_id: Mapped[str] = mapped_column(ref("run.id"))
    paper_id: Mapped[str] = mapped_column(ref("paper.id"), index=True)
