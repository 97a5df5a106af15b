"""A paper as a file tells it, whatever the format."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from knowledge.dedup import normal_doi, title_key

LONGEST_TITLE = 2_000
LONGEST_TEXT = 2_000_000


@dataclass(frozen=True, slots=True)
class ParsedPaper:
    title: str
    abstract: str
    """The text to read: the abstract, or all that a PDF holds."""
    doi: str | None = None
    authors: tuple[str, ...] = ()
    year: int | None = None
    venue: str | None = None
    url: str | None = None
    published_on: str | None = None
    """As exact as is known: 2025, 2025-06 or 2025-06-07."""
    identifiers: Mapping[str, str] = field(default_factory=dict)
    """What services call it: arxiv (without its version), pmid, pmcid, openalex, s2."""
    kind: str = ""
    """article, preprint, review, other; empty where nobody says."""
    licence: str = ""
    retraction: str = ""
    """retracted, concern, corrected; empty where nothing is known."""
    references: tuple[str, ...] = ()
    """DOIs of what it cites."""
    version_of: str | None = None
    """The later record of the same work, where a service says that this is its preprint or earlier version:
    a DOI, or an id of arXiv or PubMed as ``arxiv:2505.17873``, ``pmid:38289242``."""
    versions: tuple[str, ...] = ()
    """Earlier records of the same work, its preprints, named likewise."""
    pdf_url: str | None = None
    source: str = ""
    """The service that told of it; empty for a file."""
    source_id: str = ""
    """What that service calls it."""
    sections: tuple[tuple[str, str], ...] = ()
    """Headings and texts of what follows the abstract, where the full text was read."""
    title_is_sure: bool = True
    """Whether somebody said so; a PDF's title may be a guess."""


@dataclass(frozen=True, slots=True)
class BrokenEntry:
    """An entry that was left out, and why."""

    file: str
    entry: str
    """A line or a key, by which a person finds it."""
    reason: str


@dataclass(frozen=True, slots=True)
class ParsedFile:
    papers: tuple[ParsedPaper, ...]
    broken: tuple[BrokenEntry, ...] = ()


class Unusable(ValueError):
    """An entry lacks what a paper must have; the message is the reason."""


def make_paper(
    *,
    title: object,
    abstract: object,
    doi: object = None,
    authors: object = (),
    year: object = None,
    venue: object = None,
    url: object = None,
) -> ParsedPaper:
    """A paper from a file's loose values; raises Unusable where title or text is missing."""
    made = ParsedPaper(
        title=plain_text(title)[:LONGEST_TITLE],
        abstract=plain_text(abstract)[:LONGEST_TEXT],
        doi=normal_doi(plain_text(doi)),
        authors=_authors(authors),
        year=_year(year),
        venue=plain_text(venue) or None,
        url=_url(url),
    )
    if not title_key(made.title):  # not even a letter: nothing to tell it from others by
        raise Unusable("it has no title")
    if not made.abstract:
        raise Unusable("it has no abstract")
    return made


TAG = re.compile(r"</?(?:[A-Za-z]+:)?([A-Za-z][A-Za-z0-9]*(?:-[A-Za-z]+)*)(?:\s+[\w:.-]+\s*=[^<>]*)?\s*/?>")
"""A tag of HTML or JATS; besides its name it has only attributes, else it is mathematics: a <b and c> d."""

WITHIN_WORDS = frozenset("a b bold em i italic sc small span strong sub sup tt u underline".split())
"""Tags that part no words: CO<sub>2</sub>; at any other, one word ends and another begins."""

UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")
"""NUL, which PostgreSQL refuses, and halves of surrogate pairs, which are no text."""


def plain_text(value: object) -> str:
    """A text or number as text without markup, its white space single; of anything else, nothing."""
    if not isinstance(value, str | int | float) or isinstance(value, bool) or value != value:
        return ""
    text = TAG.sub(lambda tag: "" if tag[1].lower() in WITHIN_WORDS else " ", str(value))
    return re.sub(r"\s+", " ", UNSTORABLE.sub("", html.unescape(text))).strip()


def _authors(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        value = re.split(r"\s+and\s+|;", value)
    if not isinstance(value, list | tuple):
        return ()
    names = [plain_text(one.get("name") if isinstance(one, dict) else one) for one in value]
    return tuple(name for name in names if name)


def _year(value: object) -> int | None:
    match = re.search(r"\b(1[6-9]\d\d|20\d\d)\b", plain_text(value))
    return int(match.group(1)) if match else None


def _url(value: object) -> str | None:
    text = plain_text(value)
    return text if re.match(r"https?://\S+$", text) else None
