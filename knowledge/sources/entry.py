"""A service's loose values as a paper, with all that services know beyond what a file tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from knowledge.dedup import normal_arxiv, normal_doi
from knowledge.parsing.paper import ParsedPaper, make_paper, plain_text
from knowledge.sources.markup import text_of

MOST_REFERENCES = 2_000
LONGEST_LICENCE = 200
KINDS = frozenset(("article", "preprint", "review", "other"))
RETRACTIONS = ("corrected", "concern", "retracted")
"""From the mildest to the gravest."""

DATE = re.compile(r"\s*(1[6-9]\d\d|20\d\d)(?:[-/.](\d{1,2}))?(?:[-/.](\d{1,2}))?(?!\d)")
ARXIV_DOI = "10.48550/arxiv."


def make_entry(
    source: str,
    source_id: object,
    *,
    title: object,
    abstract: object,
    doi: object = None,
    authors: Iterable[object] = (),
    published_on: object = None,
    venue: object = None,
    url: object = None,
    identifiers: Mapping[str, object] | None = None,
    kind: str = "",
    licence: object = None,
    retraction: str = "",
    references: Iterable[object] = (),
    version_of: object = None,
    versions: Iterable[object] = (),
    pdf_url: object = None,
) -> ParsedPaper:
    """A paper of a source; raises Unusable, with the reason, where title or abstract is missing."""
    on = date_text(published_on)
    paper = make_paper(
        title=text_of(title),
        abstract=text_of(abstract),
        doi=doi,
        authors=[text_of(author) for author in authors],
        year=on,
        venue=text_of(venue),
        url=url,
    )
    cited = (normal_doi(plain_text(one)) for one in references)
    told = {name: plain_text(one) for name, one in (identifiers or {}).items()}
    arxiv = arxiv_of(paper.doi)  # its own DOI, not that of the published paper
    if arxiv:
        told["arxiv"] = arxiv
    own = {paper.doi, f"arxiv:{told.get('arxiv')}", f"pmid:{told.get('pmid')}"}
    earlier = dict.fromkeys(record_name(one) for one in versions)
    later = record_name(version_of)
    return replace(
        paper,
        published_on=on,
        identifiers={name: value for name, value in sorted(told.items()) if value},
        kind=kind if kind in KINDS else "",
        licence=plain_text(licence)[:LONGEST_LICENCE],
        retraction=retraction if retraction in RETRACTIONS else "",
        references=tuple(dict.fromkeys(one for one in cited if one))[:MOST_REFERENCES],
        version_of=later if later not in own else None,
        versions=tuple(one for one in earlier if one and one not in own),
        pdf_url=plain_text(pdf_url) if str(pdf_url).startswith(("https://", "http://")) else None,
        source=source,
        source_id=plain_text(source_id),
    )


def arxiv_of(text: object) -> str | None:
    """The arXiv id, without its version, in an id, an address or a DOI of arXiv; None in anything else."""
    plain = plain_text(text)
    return normal_arxiv(plain) or normal_arxiv(normal_doi(plain))


def record_name(text: object) -> str | None:
    """A record's name as ParsedPaper.versions has it: a DOI, ``arxiv:…`` or ``pmid:…``; None for no name."""
    plain = plain_text(text)
    arxiv = arxiv_of(plain)
    if arxiv:
        return f"arxiv:{arxiv}"
    if re.fullmatch(r"pmid:\d+", plain):
        return plain
    return normal_doi(plain)


def date_text(value: object) -> str | None:
    """A date as exact as it is told: 2025, 2025-06 or 2025-06-07; of text, or of Crossref's parts."""
    if isinstance(value, list | tuple):
        value = "-".join(str(part) for part in value if part)
    found = DATE.match(plain_text(value))
    if not found:
        return None
    year, month, day = found.groups()
    if not month or not 1 <= int(month) <= 12:
        return year
    if not day or not 1 <= int(day) <= 31:
        return f"{year}-{int(month):02}"
    return f"{year}-{int(month):02}-{int(day):02}"


def gravest(statuses: Iterable[str]) -> str:
    """The gravest of retraction statuses, empty where there is none."""
    return max(statuses, key=lambda status: RETRACTIONS.index(status) if status else -1, default="")


def status_of(notice: object) -> str:
    """What a notice about a paper makes of it: ``retraction``, ``Expression of concern in``, ``ErratumIn``…

    A record that *is* the notice, ``Retraction of`` another paper, has no such status itself.
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z]+", " ", str(notice)).lower().strip()
    if words.endswith((" of", " for")):
        return ""
    if "concern" in words or "partial" in words:
        return "concern"
    if re.search(r"retract|withdraw|removal", words):
        return "retracted"
    return "corrected" if re.search(r"errat|corrig|correct|addendum|clarification", words) else ""


def members(value: object, *path: str) -> list[Any]:
    """The list at a path of a JSON object, empty where anything on the way is something else."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, list) else []


def member(value: object, *path: str) -> Any:
    """The value at a path of a JSON object, None where anything on the way is something else."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value
