"""RIS, by rispy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rispy

from knowledge.parsing.paper import BrokenEntry, ParsedFile, ParsedPaper, Unusable, make_paper
from records.errors import BadInput


def parse_ris(path: Path) -> ParsedFile:
    text = path.read_text(encoding="utf-8-sig")
    try:
        entries = rispy.loads(text)
    except (rispy.parser.ParseError, ValueError, IndexError) as error:
        raise BadInput("bad_ris", f"{path} is no RIS file: {error}") from None
    papers: list[ParsedPaper] = []
    broken: list[BrokenEntry] = []
    for number, entry in enumerate(entries, 1):
        try:
            papers.append(_paper(entry))
        except Unusable as error:
            name = entry.get("id") or entry.get("title") or entry.get("primary_title") or f"number {number}"
            broken.append(BrokenEntry(path.name, f"entry '{name}'", str(error)))
    return ParsedFile(tuple(papers), tuple(broken))


def _paper(entry: dict[str, Any]) -> ParsedPaper:
    urls = entry.get("urls") or [entry.get("url")]
    return make_paper(
        title=entry.get("title") or entry.get("primary_title"),
        abstract=entry.get("abstract") or entry.get("notes_abstract"),
        doi=entry.get("doi"),
        authors=entry.get("authors") or entry.get("first_authors") or (),
        year=entry.get("year") or entry.get("publication_year") or entry.get("date"),
        venue=entry.get("journal_name") or entry.get("secondary_title") or entry.get("alternate_title1"),
        url=urls[0],
    )
