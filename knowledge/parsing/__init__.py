"""Files into papers: one file a format, one type for all of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from knowledge.parsing.bibtex import parse_bibtex
from knowledge.parsing.jsonl import parse_jsonl
from knowledge.parsing.paper import BrokenEntry, ParsedFile, ParsedPaper
from knowledge.parsing.pdf import parse_pdf
from knowledge.parsing.ris import parse_ris
from records.errors import BadInput

__all__ = ["BrokenEntry", "ParsedFile", "ParsedPaper", "parse"]

FORMATS: dict[str, Callable[[Path], ParsedFile]] = {
    ".jsonl": parse_jsonl,
    ".ndjson": parse_jsonl,
    ".bib": parse_bibtex,
    ".ris": parse_ris,
    ".pdf": parse_pdf,
}


def parse(path: Path) -> ParsedFile:
    """The papers of a file, and its entries that could not be read.

    Raises BadInput for a file that is not there, is empty, has an unknown format, or holds no paper at all.
    """
    parser = FORMATS.get(path.suffix.lower())
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise BadInput("unreadable", f"{path} cannot be read: {error.strerror}") from None
    if size is None:
        raise BadInput("no_such_file", f"there is no file {path}")
    if parser is None:
        known = ", ".join(FORMATS)
        raise BadInput("unknown_format", f"{path} has a format that cannot be read; use one of {known}")
    if size == 0:
        raise BadInput("empty_file", f"{path} is empty")
    try:
        parsed = parser(path)
    except UnicodeDecodeError:
        raise BadInput("not_text", f"{path} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise BadInput("unreadable", f"{path} cannot be read: {error.strerror}") from None
    if not parsed.papers:
        first = parsed.broken[0] if parsed.broken else None
        why = f"{first.entry}: {first.reason}" if first else "it has no entries"
        raise BadInput("no_papers", f"{path} holds no paper that can be used ({why})")
    return parsed
