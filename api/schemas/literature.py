"""Papers, searches in them, and the feeds that bring new ones."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import In, Said, Text
from records.models import Feed, Paper


class PaperOut(BaseModel):
    id: str
    title: str
    doi: str | None
    authors: list[Any]
    year: int | None
    venue: str | None
    url: str | None
    source: str
    added: datetime


class PassageOut(BaseModel):
    id: str
    position: int
    text: str


class PaperDetail(PaperOut):
    abstract: str
    passages: list[PassageOut]


class SearchIn(In):
    text: Annotated[Said, Field(max_length=4_000)]
    limit: Annotated[int, Field(ge=1, le=200)] = 10
    paper_ids: Annotated[list[str], Field(max_length=10_000)] | None = None
    year_from: Annotated[int, Field(ge=0, le=9999)] | None = None
    year_to: Annotated[int, Field(ge=0, le=9999)] | None = None


class SearchOut(BaseModel):
    """What was found; while a worker still looks, ``hits`` is null: follow the job."""

    job_id: str
    hits: list[dict[str, Any]] | None


class FeedIn(In):
    name: Annotated[Said, Field(max_length=120)]
    source: Literal["folder"] = "folder"
    query: Annotated[Text, Field(max_length=1_000)] = ""
    """Of the source folder: a folder below the workspace's inbox."""
    cron: Annotated[Said, Field(max_length=120)] = "0 6 * * *"
    """Minute, hour, day, month, weekday; UTC."""
    active: bool = True


class FeedOut(BaseModel):
    id: str
    name: str
    source: str
    query: str
    cron: str
    active: bool
    last_run: datetime | None
    last_result: dict[str, Any] | None
    next_run: datetime | None
    version: int


def paper_out(row: Paper) -> PaperOut:
    return PaperOut(
        id=row.id,
        title=row.title,
        doi=row.doi,
        authors=row.authors,
        year=row.year,
        venue=row.venue,
        url=row.url,
        source=row.source,
        added=row.created_at,
    )


def feed_out(row: Feed) -> FeedOut:
    return FeedOut(
        id=row.id,
        name=row.name,
        source=row.source,
        query=row.query,
        cron=row.cron,
        active=row.active,
        last_run=row.last_run_at,
        last_result=row.last_result,
        next_run=row.next_run_at,
        version=row.version,
    )
