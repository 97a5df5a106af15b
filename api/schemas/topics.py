"""Topics, and the papers that lie in them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.schemas.common import In, Said
from records.models import Topic, TopicPaper
from records.repositories.topics import HOME, LONGEST_NAME, shown_name


class TopicOut(BaseModel):
    id: str
    parent_id: str | None
    name: str
    named_by: str
    """``person``, or ``terms``: its papers' own words."""
    terms: list[Any]
    size: int
    """Papers in it and in its parts."""
    version: int


class TopicTree(BaseModel):
    """Every topic behind the one that it is a part of."""

    topics: list[TopicOut]


class TopicPaperOut(BaseModel):
    paper_id: str
    topic_id: str
    title: str
    year: int | None
    home: bool
    """False for a paper at home elsewhere that is near this topic too."""
    pinned: bool
    """A person put it there."""
    weight: float


class TopicNamed(In):
    name: Annotated[Said, Field(max_length=LONGEST_NAME)] | None
    """Null: by its own terms again."""


class TopicsWanted(In):
    collection_id: str | None = None
    """Null: over all papers of the workspace."""


class PaperPlaced(In):
    topic_id: str
    """A topic without parts."""


class PaperPlace(BaseModel):
    """The topic that a paper is at home in; null in a tree that has not seen it yet."""

    paper_id: str
    topic_id: str | None
    pinned: bool


def topic_out(row: Topic) -> TopicOut:
    return TopicOut(
        id=row.id,
        parent_id=row.parent_id,
        name=shown_name(row),
        named_by="person" if row.own_name else "terms",
        terms=row.terms,
        size=row.size,
        version=row.version,
    )


def topic_paper_out(row: TopicPaper, title: str, year: int | None) -> TopicPaperOut:
    return TopicPaperOut(
        paper_id=row.paper_id,
        topic_id=row.topic_id,
        title=title,
        year=year,
        home=row.weight == HOME,
        pinned=row.pinned,
        weight=row.weight,
    )
