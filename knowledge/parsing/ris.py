"""RIS, by rispy."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import rispy

from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable, make_paper, plain_text

VENUES = ("alternate_title3", "journal_name", "secondary_title", "alternate_title1", "alternate_title2")
"""JF (the journal in full), JO, T2, J2, JA, as rispy calls them."""


def read_ris(path: Path) -> Iterator[ParsedPaper | BrokenEntry]:
    # One by one: rispy would join an entry without an end to its neighbour, and drop it at the file's end.
    for number, record in enumerate(_records(path), 1):
        name = f"number {number}"
        try:
            [entry] = rispy.loads(f"{record}\nER  - ")[:1]
            name = plain_text(entry.get("id") or entry.get("title") or entry.get("primary_title")) or name
            yield _paper(entry)
        except Unusable as error:
            yield BrokenEntry(path.name, f"entry '{name}'", str(error))
        except (LookupError, TypeError, ValueError):  # rispy, of a line that continues nothing
            yield BrokenEntry(path.name, f"entry '{name}'", "its lines cannot be read")


def _records(path: Path) -> Iterator[str]:
    """The file's records, of which one at a time is in memory."""
    held: list[str] | None = None
    with path.open(encoding="utf-8-sig") as lines:
        for line in lines:
            if line.startswith("TY  -"):
                if held is not None:
                    yield "".join(held)
                held = []
            if held is not None:
                held.append(line)
    if held is not None:
        yield "".join(held)


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
