"""Batch ranking: many campaigns handed in at once, ranked by workers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from records.base import Base, Created, Id, ref


class Batch(Base):
    __tablename__ = "batch"

    id: Mapped[Id]
    workspace_id: Mapped[str] = mapped_column(ref("workspace.id"), index=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    state: Mapped[str] = mapped_column(String(16), default="queued")
    """queued, running, done, cancelled."""
    campaigns: Mapped[int]
    """How many there are."""
    created_by: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[Created]
    finished_at: Mapped[datetime | None]


class BatchCampaign(Base):
    """One campaign of a batch, with its answer once it has one."""

    __tablename__ = "batch_campaign"
    __table_args__ = (UniqueConstraint("batch_id", "position"),)

    id: Mapped[Id]
    batch_id: Mapped[str] = mapped_column(ref("batch.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200), default="")
    """What whoever handed it in calls it."""
    state: Mapped[str] = mapped_column(String(16), default="queued")
    """queued, done, failed, cancelled."""
    request: Mapped[dict[str, Any]]
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    reason: Mapped[str] = mapped_column(Text, default="")
    finished_at: Mapped[datetime | None]
