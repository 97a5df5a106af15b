"""BibTeX, by bibtexparser, which goes on behind an entry that it cannot read."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

from bibtexparser.entrypoint import parse_string
from bibtexparser.middlewares import LatexDecodingMiddleware, MonthIntMiddleware
from bibtexparser.model import DuplicateBlockKeyBlock, DuplicateFieldKeyBlock, Entry, ParsingFailedBlock

from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable, make_paper

logging.getLogger("bibtexparser").setLevel(logging.CRITICAL)  # what is broken is told by the result


def read_bibtex(path: Path) -> Iterator[ParsedPaper | BrokenEntry]:
    text = path.read_text(encoding="utf-8-sig")
    # To LaTeX, a bare percent sign begins a comment; in a field ("a yield of 90%") it is one.
    text = re.sub(r"(?<!\\)%", r"\\%", text)
    library = parse_string(
        text, append_middleware=[LatexDecodingMiddleware(keep_math_mode=False), MonthIntMiddleware()]
    )
    for block in library.failed_blocks:
        yield BrokenEntry(path.name, _name(block), _reason(block))
    for entry in library.entries:
        try:
            yield _paper(entry)
        except Unusable as error:
            yield BrokenEntry(path.name, f"entry '{entry.key}'", str(error))


def _paper(entry: Entry) -> ParsedPaper:
    fields = {field.key.lower(): re.sub(r"[{}]", "", str(field.value)) for field in entry.fields}
    return make_paper(
        title=fields.get("title"),
        abstract=fields.get("abstract"),
        doi=fields.get("doi"),
        authors=fields.get("author"),
        year=fields.get("year") or fields.get("date"),
        venue=fields.get("journal") or fields.get("journaltitle") or fields.get("booktitle"),
        url=fields.get("url"),
    )


def _name(block: ParsingFailedBlock) -> str:
    key = re.match(r"\s*@\w+\s*[{(]\s*([^,\s]+)", block.raw or "")
    line = f"line {(block.start_line or 0) + 1}"
    return f"entry '{key.group(1)}' ({line})" if key else line


def _reason(block: ParsingFailedBlock) -> str:
    if isinstance(block, DuplicateBlockKeyBlock):
        return "its key stands twice in the file"
    if isinstance(block, DuplicateFieldKeyBlock):
        return f"it has more than one {', '.join(sorted(block.duplicate_keys))}"
    return "its braces or quotation marks do not match"
