"""One record of a paper out of what several sources tell; asked again with the same, it changes nothing."""

from __future__ import annotations

from typing import Any

from knowledge.dedup import of_preprint
from knowledge.likeness import SAME_TEXT, containment
from knowledge.parsing import ParsedPaper
from records.models import Paper

LONGEST_ABSTRACT = 6_000
"""Characters; what is longer is a paper's text, or a page that was taken for its abstract."""

SHORT_ABSTRACT = 200
"""Characters; what is shorter may be a mere line about the paper."""

GRAVITY = ("", "corrected", "concern", "retracted")
"""What is known of a paper's standing, the gravest last: that outranks all else that is told."""


def merge(row: Paper, told: ParsedPaper) -> None:
    """Fill what the kept record lacks, and let what is published outrank what is known of its preprint.

    Title and text stay: passages and quotes come from them. DOI and arXiv id are their keeper's business.
    """
    if row.kind == "preprint" and told.kind not in ("", "preprint") and not of_preprint(told.doi):
        row.kind, row.venue = told.kind, told.venue or row.venue
        row.year, row.published_on = told.year or row.year, told.published_on or row.published_on
    row.kind = row.kind or told.kind
    row.authors = row.authors or list(told.authors)
    row.year = row.year or told.year
    row.published_on = _more_exact(row.published_on, told.published_on)
    row.venue = row.venue or told.venue
    row.url = row.url or told.url
    row.licence = row.licence or told.licence[:200]
    if GRAVITY.index(told.retraction) > GRAVITY.index(row.retraction):
        row.retraction = told.retraction
    if len(told.references) > len(row.references):
        row.references = list(told.references)
    if new := {name: value for name, value in told.identifiers.items() if name not in row.identifiers}:
        row.identifiers = {**row.identifiers, **new}


def add_source(row: Paper, source: str, source_id: str, url: str | None, seen_at: str) -> None:
    """Remember who told of the paper; each source and id once, when they did so first."""
    if all((one["source"], one["id"]) != (source, source_id) for one in row.sources):
        seen: dict[str, Any] = {"source": source, "id": source_id, "url": url, "seen_at": seen_at}
        row.sources = [*row.sources, seen]


def is_better_abstract(old: str, new: str) -> bool:
    """Whether ``new`` is the same abstract, only more of it."""
    if not len(old) < len(new) <= LONGEST_ABSTRACT:
        return False
    return len(old) < SHORT_ABSTRACT or containment(old, new) >= SAME_TEXT


def body(told: ParsedPaper) -> tuple[tuple[str, str], ...]:
    """The full text by sections, where the paper comes with it."""
    if told.sections or len(told.abstract) <= LONGEST_ABSTRACT:
        return told.sections
    return (("Text", told.abstract),)


def _more_exact(one: str | None, other: str | None) -> str | None:
    if one and other and other.startswith(one):
        return other
    return one or other
