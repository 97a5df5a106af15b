"""What people leave on a hypothesis: other words for it, comments, tags."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from api.schemas.common import In, Said, Text


class WordingIn(In):
    """The whole hypothesis in words, as it should read."""

    title: Annotated[Said, Field(max_length=1_000)]
    statement: Annotated[Said, Field(max_length=10_000)]
    clauses: Annotated[list[Annotated[Said, Field(max_length=10_000)]], Field(max_length=100)] | None = None
    """The texts of its clauses in their order, as many as it has; without them they stay. Their evidence
    stays with them."""


class VersionOut(BaseModel):
    """How it read before."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    title: str
    statement: str
    clauses: list[str]
    written_by: str
    """Empty where it was as it was made."""
    created_at: datetime
    """When the next version took its place."""


class CommentIn(In):
    text: Annotated[Said, Field(max_length=10_000)]


class CommentOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)

    id: str
    author: str
    text: str
    created_at: datetime


class TagsIn(In):
    tags: Annotated[list[Annotated[Text, Field(max_length=60)]], Field(max_length=50)]


class TagsOut(BaseModel):
    tags: list[str]
    """Lower case, by name."""
