"""Whether two records tell of one paper, of two versions of one work, or of different works."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

from knowledge.dedup import is_telling, of_preprint
from knowledge.likeness import SAME_TEXT, containment, resemblance

NEAR_COPY = 0.6
"""Resemblance from which texts under different titles are copies. No two of the 300 abstracts that this was
tried on reach 0.03; one word in ten changed at random leaves 0.6 (see docs/benchmarks.md, Ingestion)."""

SHARED_TITLE = 0.5
"""Share of the shorter title's words that copies under different titles have in common, at least."""

YEARS = 2
"""By so many the years of one work's records may differ: online first, in print, and as a preprint before."""


class Relation(Enum):
    SAME = "same"
    """One paper: one record is kept."""
    VERSIONS = "versions"
    """Preprint and published, or published twice: both records are kept and linked."""
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Record:
    """What a paper is recognised by."""

    title: str
    title_key: str
    title_is_sure: bool
    """Whether somebody said that this is the title; a PDF's first line may be the journal's name."""
    abstract: str
    doi: str | None
    arxiv_id: str | None
    year: int | None
    kind: str
    surnames: frozenset[str]

    @property
    def is_preprint(self) -> bool:
        return of_preprint(self.doi) or (self.doi is None and self.kind == "preprint")

    @property
    def is_published(self) -> bool:
        return not self.is_preprint and (self.doi is not None or self.kind in ("article", "review"))


def relation(one: Record, other: Record) -> Relation:
    """What two records are to each other that share no identifier; in doubt, they are different works.

    They may share the title, or their abstracts' fingerprints be near.
    """
    conflicting = _conflicting(one, other)
    if one.title_key == other.title_key:
        alike = _alike_under_one_title(one, other, conflicting)
    else:
        alike = _alike_under_two_titles(one, other)
    if not alike:
        return Relation.OTHER
    return Relation.VERSIONS if conflicting or _published_and_preprint(one, other) else Relation.SAME


def conflicting_dois(one: Record, other: Record) -> bool:
    return one.doi is not None and other.doi is not None and one.doi != other.doi


def _conflicting(one: Record, other: Record) -> bool:
    two_on_arxiv = one.arxiv_id and other.arxiv_id and one.arxiv_id != other.arxiv_id
    return conflicting_dois(one, other) or bool(two_on_arxiv)


def _published_and_preprint(one: Record, other: Record) -> bool:
    return (one.is_preprint and other.is_published) or (other.is_preprint and one.is_published)


def _alike_under_one_title(one: Record, other: Record, conflicting: bool) -> bool:
    """A title that says something is enough, unless anything speaks against it; else the texts decide."""
    authors = shared(one.surnames, other.surnames)
    trusted = one.title_is_sure and other.title_is_sure and is_telling(one.title_key)
    if trusted and _years_agree(one, other) and authors is not False and (authors or not conflicting):
        return True
    likeness = resemblance if conflicting else containment
    return likeness(one.abstract, other.abstract) >= SAME_TEXT


def _alike_under_two_titles(one: Record, other: Record) -> bool:
    """Copies of a text, of which also the title or the authors are much the same.

    Data sets and parts of a series come with one text for all of them.
    """
    if not _years_agree(one, other) or resemblance(one.abstract, other.abstract) < NEAR_COPY:
        return False
    authors = shared(one.surnames, other.surnames)
    return authors is not False and _titles_agree(one.title, other.title)


def _years_agree(one: Record, other: Record) -> bool:
    return one.year is None or other.year is None or abs(one.year - other.year) <= YEARS


def shared(one: frozenset[str], other: frozenset[str]) -> bool | None:
    """Whether there is anybody in both; None where nobody is known."""
    return bool(one & other) if one and other else None


def _titles_agree(one: str, other: str) -> bool:
    """Most words in common, and the same numbers: part 1 is not part 2."""
    first, second = _words(one), _words(other)
    numbers = {word for word in first ^ second if NUMBER.fullmatch(word)}
    shorter = min(len(first), len(second))
    return shorter > 0 and not numbers and len(first & second) / shorter >= SHARED_TITLE


NUMBER = re.compile(r"\d+|[ivx]+|.*\d.*")


def _words(title: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", unicodedata.normalize("NFKC", title).casefold()))


INITIALS = re.compile(r"(?<=\w\w)(?:\s+[A-Z]{1,3}\.?|(?:[\s-]*[A-Z]\.)+)$")


def surnames(authors: list[str] | tuple[str, ...]) -> frozenset[str]:
    """The last names in plain letters, of names written "Ada Doe", "Doe, Ada" or "Doe A."."""
    return frozenset(name for author in authors if (name := _surname(author)))


def _surname(author: str) -> str:
    last = author.split(",")[0] if "," in author else INITIALS.sub("", author)
    plain = "".join(
        letter for letter in unicodedata.normalize("NFKD", last) if not unicodedata.combining(letter)
    )
    words = re.findall(r"[^\W\d_]{2,}(?:['’-][^\W\d_]+)*", plain.casefold())
    return words[-1] if words else ""
