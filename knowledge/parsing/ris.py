"""RIS, by rispy."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import rispy

from knowledge.parsing.paper import BrokenEntry, ParsedFile, ParsedPaper, Unusable, make_paper, plain_text

VENUES = ("alternate_title3", "journal_name", "secondary_title", "alternate_title1", "alternate_title2")
"""JF (the journal in full), JO, T2, J2, JA, as rispy calls them."""

RECORD = re.compile(r"^(?=TY  -)", re.MULTILINE)


def parse_ris(path: Path) -> ParsedFile:
    text = path.read_text(encoding="utf-8-sig")
    papers: list[ParsedPaper] = []
    broken: list[BrokenEntry] = []
    # One by one: rispy would join an entry without an end to its neighbour, and drop it at the file's end.
    for number, record in enumerate(RECORD.split(text)[1:], 1):
        name = f"number {number}"
        try:
            [entry] = rispy.loads(f"{record}\nER  - ")[:1]
            name = plain_text(entry.get("id") or entry.get("title") or entry.get("primary_title")) or name
            papers.append(_paper(entry))
        except Unusable as error:
            broken.append(BrokenEntry(path.name, f"entry '{name}'", str(error)))
        except (LookupError, TypeError, ValueError):  # rispy, of a line that continues nothing
            broken.append(BrokenEntry(path.name, f"entry '{name}'", "its lines cannot be read"))
    return ParsedFile(tuple(papers), tuple(broken))


def _paper(entry: dict[str, Any]) -> ParsedPaper:
    urls = entry.get("urls") or [entry.get("url")]
    return make_paper(
        title=entry.get("title") or entry.get("primary_title"),
        abstract=entry.get("abstract") or entry.get("notes_abstract"),
        doi=entry.get("doi"),
        authors=entry.get("authors") or entry.get("first_authors") or (),
        year=entry.get("year") or entry.get("publication_year") or entry.get("date"),
        venue=next((entry[name] for name in VENUES if entry.get(name)), None),
        url=urls[0],
    )
