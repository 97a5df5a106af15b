"""Batches of campaigns, and their answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import In, Text
from records.models import Batch, BatchCampaign

MOST_CAMPAIGNS = 10_000

CampaignState = Literal["queued", "done", "failed", "cancelled"]


class BatchIn(In):
    name: Text = Field(default="", max_length=200)
    campaigns: list[dict[str, Any]] = Field(min_length=1, max_length=MOST_CAMPAIGNS)
    """Each as ``Campaign`` says; one that is not so fails alone, and says why."""


class BatchOut(BaseModel):
    id: str
    name: str
    state: Literal["queued", "running", "done", "cancelled"]
    campaigns: int
    """How many there are."""
    created: datetime
    created_by: str
    finished: datetime | None


class BatchDetail(BatchOut):
    counts: dict[CampaignState, int]
    """Campaigns by state: done and failed ones are over."""


class AnswerOut(BaseModel):
    """A campaign of a batch; ``result`` of the batch is one of these a line."""

    position: int
    """Its place in the batch, from 0."""
    name: str
    state: CampaignState
    answer: dict[str, Any] | None
    """``recommendations``; ``ranking``, best first, with mean, sd, p_best and ei; ``advice``."""
    reason: str
    """Why it failed."""
    finished: datetime | None


def batch_out(row: Batch) -> BatchOut:
    return BatchOut(**_told(row))


def batch_detail(row: Batch, counts: dict[str, int]) -> BatchDetail:
    return BatchDetail(**_told(row), counts=counts)  # type: ignore[arg-type]


def answer_out(row: BatchCampaign) -> AnswerOut:
    return AnswerOut(
        position=row.position,
        name=row.name,
        state=row.state,  # type: ignore[arg-type]
        answer=row.answer,
        reason=row.reason,
        finished=row.finished_at,
    )


def _told(row: Batch) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "state": row.state,
        "campaigns": row.campaigns,
        "created": row.created_at,
        "created_by": row.created_by,
        "finished": row.finished_at,
    }
