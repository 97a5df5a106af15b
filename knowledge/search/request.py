"""What is looked for, and what a hit tells of itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from records.repositories import Filters

Mode = Literal["relevance", "inspiration"]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A text to be near to, or a question and its survey that wait for an idea."""

    text: str
    """Of an inspiration search, the question."""
    survey: str = ""
    """What is known already; an inspiration search reads it sentence by sentence."""
    mode: Mode = "relevance"
    filters: Filters = field(default_factory=Filters)
    limit: int = 10
    """Passages; an inspiration search finds one of each paper."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found, and why."""

    passage_id: str
    paper_id: str
    title: str
    year: int | None
    text: str
    score: float
    dense_rank: int | None
    """Its place by meaning, from 1."""
    lexical_rank: int | None
    """Its place by words, from 1."""
    venue: str | None = None
    section: str = ""
    retraction: str = ""
    """retracted, concern, corrected; empty where nothing is known."""
    version_of: str | None = None
    """The later record of the same work, where that has nothing that was found."""
    tier: str = "workspace"
    """workspace, or general: papers that everybody reads."""
    parts: Mapping[str, float] = field(default_factory=dict)
    """What the score is made of."""
    terms: tuple[str, ...] = ()
    """Words that it shares with what is looked for, the rarest first."""
    because: str = ""
    """Of an inspiration: the sentence of question and survey that it is nearest to."""
