"""What a source of papers is: it is asked with a query and what it remembers, and answers in pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from knowledge.parsing.paper import BrokenEntry, ParsedPaper
from records.errors import Failure


@dataclass(frozen=True, slots=True)
class Query:
    """What is wanted of a source."""

    text: str
    """In the source's own language; for ``rss`` the feed's address, for ``folder`` a folder of the inbox."""
    since: date | None = None
    """Published on this day or later."""
    until: date | None = None
    limit: int | None = None
    """Papers of one run: it ends with the page that reaches them, and the next run goes on behind it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a source's papers, and what it has to remember once they are kept."""

    papers: tuple[ParsedPaper, ...]
    state: dict[str, Any]
    """JSON; kept together with the papers, so that a run which is killed goes on behind this page."""
    broken: tuple[BrokenEntry, ...] = ()
    total: int | None = None
    """Papers of the whole answer, where the source says so."""


class Source(Protocol):
    """A source of papers, the same for all services."""

    name: str

    def fetch(self, query: Query, state: Mapping[str, Any]) -> Iterator[Page]:
        """The papers that this query has not given yet, page by page.

        ``state`` is that of the last page that was kept, or empty. A page may repeat papers of earlier ones,
        for services index late and pages shift; none is left out. Raises SourceDown, also between two pages.
        """
        ...


class SourceDown(Failure):
    """A source that does not answer, or answers nonsense: it is skipped until the next run."""

    def __init__(self, source: str, reason: str) -> None:
        super().__init__("source_down", f"{source} {reason}")
        self.source = source
        self.reason = reason


class Refused(SourceDown):
    """A source that understood the question and refuses it: asking again the same way is no use."""
