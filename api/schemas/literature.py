"""Papers, their collections, searches in them, and the feeds that bring new ones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from api.schemas.common import In, Said, Text
from records.models import Collection, Feed, Paper, PaperFailure
from records.repositories.feeds import SourceName


class PaperOut(BaseModel):
    id: str
    title: str
    doi: str | None
    authors: list[Any]
    year: int | None
    venue: str | None
    url: str | None
    published_on: str | None
    """As exact as is known: 2025, 2025-06 or 2025-06-07."""
    kind: str
    """article, preprint, review, other; empty where nobody says."""
    licence: str
    retraction: str
    """retracted, concern, corrected; empty where nothing is known."""
    identifiers: dict[str, Any]
    """What services call it: arxiv, pmid, pmcid, openalex, s2."""
    version_of: str | None
    """The later record of the same work, of which this one is a preprint or an earlier version."""
    has_text: bool
    """Whether the full text was read, not the abstract alone."""
    source: str
    """Who told of it first."""
    sources: list[Any]
    """Everybody who told of it: source, id there, url, when."""
    added: datetime


class PassageOut(BaseModel):
    id: str
    position: int
    section: str
    """The heading that it stands under; empty in an abstract."""
    text: str


class PaperDetail(PaperOut):
    abstract: str
    references: list[Any]
    """DOIs of what it cites, where known."""
    versions: list[PaperOut]
    """Earlier records of the same work."""
    passages: list[PassageOut]


class FailureOut(BaseModel):
    """A paper that could not be taken in."""

    id: str
    source: str
    feed_id: str | None
    key: str
    """What its source calls it: an id, or a file's name and place in it."""
    reason: str
    attempts: int
    first: datetime
    last: datetime
    resolved: datetime | None
    """When it came in after all."""


class CollectionIn(In):
    name: Annotated[Said, Field(max_length=120)]


class CollectionOut(BaseModel):
    id: str
    name: str
    papers: int
    version: int
    created: datetime


class SearchIn(In):
    text: Annotated[Said, Field(max_length=4_000)]
    """What to be near to; of an inspiration search, the question."""
    survey: Annotated[Text, Field(max_length=40_000)] = ""
    """What is known already; an inspiration search reads it sentence by sentence."""
    mode: Literal["relevance", "inspiration"] = "relevance"
    limit: Annotated[int, Field(ge=1, le=200)] = 10
    """Passages; an inspiration search finds one of each paper."""
    paper_ids: Annotated[list[str], Field(max_length=10_000)] | None = None
    year_from: Annotated[int, Field(ge=0, le=9999)] | None = None
    year_to: Annotated[int, Field(ge=0, le=9999)] | None = None
    venue: Annotated[Said, Field(max_length=200)] | None = None
    """A part of its name, in any case."""
    source: Annotated[Said, Field(max_length=200)] | None = None
    """Who told of the paper: a service, or a file."""
    collections: Annotated[list[str], Field(max_length=100)] | None = None


class SearchOut(BaseModel):
    """What was found; while a worker still looks, ``hits`` is null: follow the job."""

    job_id: str
    hits: list[dict[str, Any]] | None


class FeedIn(In):
    name: Annotated[Said, Field(max_length=120)]
    source: SourceName = "folder"
    query: Annotated[Text, Field(max_length=1_000)] = ""
    """Words to look for, in the source's own language; of rss the feed's address, of folder a folder below
    the workspace's inbox."""
    cron: Annotated[Said, Field(max_length=120)] = "0 6 * * *"
    """Minute, hour, day, month, weekday; UTC."""
    active: bool = True
    since: date | None = None
    """Nothing that was published before this day."""
    collection_id: str | None = None
    """A collection that its papers are put into as well."""

    def row(self) -> dict[str, Any]:
        """What the feed's row holds."""
        return self.model_dump(mode="json")


class FeedOut(BaseModel):
    id: str
    name: str
    source: str
    query: str
    cron: str
    active: bool
    since: str | None
    collection_id: str | None
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
        published_on=row.published_on,
        kind=row.kind,
        licence=row.licence,
        retraction=row.retraction,
        identifiers=row.identifiers,
        version_of=row.version_of,
        has_text=row.has_text,
        source=row.source,
        sources=row.sources,
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
        since=row.since,
        collection_id=row.collection_id,
        last_run=row.last_run_at,
        last_result=row.last_result,
        next_run=row.next_run_at,
        version=row.version,
    )


def failure_out(row: PaperFailure) -> FailureOut:
    return FailureOut(
        id=row.id,
        source=row.source,
        feed_id=row.feed_id,
        key=row.key,
        reason=row.reason,
        attempts=row.attempts,
        first=row.first_at,
        last=row.last_at,
        resolved=row.resolved_at,
    )


def collection_out(row: Collection, papers: int) -> CollectionOut:
    return CollectionOut(id=row.id, name=row.name, papers=papers, version=row.version, created=row.created_at)
