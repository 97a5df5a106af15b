"""The values that pass between the graph's nodes and a reasoner: plain, immutable, without an id of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

ClauseKind = Literal["proposal", "mechanism", "prediction", "context"]


@dataclass(frozen=True, slots=True)
class Brief:
    """What is asked."""

    question: str
    survey: str = ""
    """Background: what the field has tried so far."""


@dataclass(frozen=True, slots=True)
class Source:
    """A retrieved passage, as a reasoner reads it."""

    passage_id: str
    paper_id: str
    title: str
    year: int | None
    text: str
    score: float
    """Retrieval score; higher is nearer to the question."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A quoted span of a passage: ``text[start:end] == quote``."""

    passage_id: str
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Clause:
    """A part of a hypothesis that can be true or false by itself, with what speaks for it."""

    kind: ClauseKind
    text: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A proposed hypothesis, before it has a row."""

    title: str
    statement: str
    """The clauses' texts, as one readable paragraph."""
    clauses: tuple[Clause, ...]
    inspirations: tuple[str, ...]
    """Passage ids, of two or more papers."""


@dataclass(frozen=True, slots=True)
class KeyPoint:
    """A functional trait: what it is, and what it is there for."""

    name: str
    role: str


class Reasoner(Protocol):
    """Whatever thinks of hypotheses; a node never knows which one it has."""

    name: str
    model: str
    prompt_version: str

    def propose(self, brief: Brief, sources: Sequence[Source], count: int, seed: int) -> list[Draft]:
        """Up to ``count`` distinct hypotheses, each on passages of two or more papers, best first."""
        ...

    def decompose(self, brief: Brief, draft: Draft, sources: Sequence[Source]) -> list[KeyPoint]:
        """The functional traits of one hypothesis, most important first."""
        ...

    def name_cluster(self, key_points: Sequence[KeyPoint]) -> str:
        """A short name for the function that these key points share."""
        ...
