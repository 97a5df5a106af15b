"""Files into the database: read whole, compared with what is there, kept in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.orm import Session

from knowledge.chunking import passages
from knowledge.dedup import title_key
from knowledge.parsing import BrokenEntry, ParsedPaper, parse
from knowledge.parsing.paper import plain_text
from records.errors import BadInput
from records.models import Paper, Passage
from records.repositories import Papers


@dataclass(frozen=True, slots=True)
class Found:
    """What the files hold, each paper once."""

    papers: tuple[tuple[ParsedPaper, str], ...]
    """With the name of the file that it came from."""
    broken: tuple[BrokenEntry, ...]


def read_files(files: Sequence[Path], *, at_least: int = 1) -> Found:
    """Parse every file before anything is kept.

    Raises BadInput for any file that cannot be used, and ``corpus_too_small`` for fewer papers than wanted.
    """
    merged: list[tuple[ParsedPaper, str]] = []
    broken: list[BrokenEntry] = []
    places: dict[str, int] = {}
    for path in files:
        parsed = parse(path)
        broken.extend(parsed.broken)
        for paper in parsed.papers:
            keys = [key for key in (paper.doi, title_key(paper.title)) if key]
            place = next((places[key] for key in keys if key in places), None)
            if place is None:
                place = len(merged)
                merged.append((paper, plain_text(path.name)))
            else:
                first, source = merged[place]
                merged[place] = (completed(first, paper), source)
            places.update(dict.fromkeys(keys, place))
    if len(merged) < at_least:
        count = f"{len(merged)} paper{'' if len(merged) == 1 else 's'}"
        raise BadInput("corpus_too_small", f"the corpus holds {count}; at least {at_least} are needed")
    return Found(tuple(merged), tuple(broken))


def completed(paper: ParsedPaper, other: ParsedPaper) -> ParsedPaper:
    """The paper with what only its other record knows."""
    return replace(
        paper,
        doi=paper.doi or other.doi,
        authors=paper.authors or other.authors,
        year=paper.year or other.year,
        venue=paper.venue or other.venue,
        url=paper.url or other.url,
    )


def keep(session: Session, workspace_id: str, found: Found) -> tuple[list[str], int]:
    """Write new papers and complete known ones; all ids in file order, and how many are new."""
    repository = Papers(session, workspace_id)
    known = repository.existing(
        [paper.doi for paper, _ in found.papers if paper.doi],
        [title_key(paper.title) for paper, _ in found.papers],
    )
    ids: list[str] = []
    added = 0
    for paper, source in found.papers:
        key = title_key(paper.title)
        paper_id = (known.by_doi.get(paper.doi) if paper.doi else None) or known.by_title_key.get(key)
        if paper_id is None:
            paper_id = repository.add(_row(paper, key, source), _passages(paper))
            added += 1
        else:
            _complete(repository, paper_id, paper)
        ids.append(paper_id)
    return list(dict.fromkeys(ids)), added


def _row(paper: ParsedPaper, key: str, source: str) -> Paper:
    return Paper(
        title=paper.title,
        title_key=key,
        doi=paper.doi,
        abstract=paper.abstract,
        authors=list(paper.authors),
        year=paper.year,
        venue=paper.venue,
        url=paper.url,
        source=source,
    )


def _passages(paper: ParsedPaper) -> list[Passage]:
    return [Passage(text=paper.abstract[start:end]) for start, end in passages(paper.abstract)]


def _complete(repository: Papers, paper_id: str, told: ParsedPaper) -> None:
    """Fill what the kept record lacks; what it has stays, for quotes point into it."""
    row = repository.get(paper_id)
    row.authors = row.authors or list(told.authors)
    row.year = row.year or told.year
    row.venue = row.venue or told.venue
    row.url = row.url or told.url
    if row.doi is None and told.doi and not repository.existing([told.doi], []).by_doi:
        row.doi = told.doi
