"""Files into papers: one file a format, one type for all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from config import PdfSettings
from knowledge.parsing.bibtex import read_bibtex
from knowledge.parsing.jsonl import read_jsonl
from knowledge.parsing.paper import BrokenEntry, ParsedFile, ParsedPaper
from knowledge.parsing.pdf import read_pdf
from knowledge.parsing.ris import read_ris
from records.errors import BadInput

__all__ = ["FORMATS", "BrokenEntry", "ParsedFile", "ParsedPaper", "parse", "read"]

BIBLIOGRAPHIES: dict[str, Callable[[Path], Iterator[ParsedPaper | BrokenEntry]]] = {
    ".jsonl": read_jsonl,
    ".ndjson": read_jsonl,
    ".bib": read_bibtex,
    ".ris": read_ris,
}
FORMATS = (*BIBLIOGRAPHIES, ".pdf")


def parse(path: Path, pdf: PdfSettings | None = None) -> ParsedFile:
    """All of a file at once, as ``read`` tells it."""
    entries = list(read(path, pdf))
    return ParsedFile(
        tuple(one for one in entries if isinstance(one, ParsedPaper)),
        tuple(one for one in entries if isinstance(one, BrokenEntry)),
    )


def read(path: Path, pdf: PdfSettings | None = None) -> Iterator[ParsedPaper | BrokenEntry]:
    """The papers of a file and its entries that could not be read, one by one.

    Raises BadInput for a file that is not there, is empty, or has an unknown format; also behind some of its
    entries, for one that turns out not to be text or held no paper at all.
    """
    _check(path)
    first: BrokenEntry | None = None
    papers = 0
    try:
        for one in _entries(path, pdf or PdfSettings()):
            papers += isinstance(one, ParsedPaper)
            if first is None and isinstance(one, BrokenEntry):
                first = one
            yield one
    except UnicodeDecodeError:
        raise BadInput("not_text", f"{path} is not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise BadInput("unreadable", f"{path} cannot be read: {error.strerror}") from None
    if not papers:
        why = f"{first.entry}: {first.reason}" if first else "it has no entries"
        raise BadInput("no_papers", f"{path} holds no paper that can be used ({why})")


def _check(path: Path) -> None:
    try:
        size = path.stat().st_size if path.is_file() else None
    except OSError as error:
        raise BadInput("unreadable", f"{path} cannot be read: {error.strerror}") from None
    if size is None:
        raise BadInput("no_such_file", f"there is no file {path}")
    if path.suffix.lower() not in FORMATS:
        known = ", ".join(FORMATS)
        raise BadInput("unknown_format", f"{path} has a format that cannot be read; use one of {known}")
    if size == 0:
        raise BadInput("empty_file", f"{path} is empty")


def _entries(path: Path, pdf: PdfSettings) -> Iterator[ParsedPaper | BrokenEntry]:
    if path.suffix.lower() == ".pdf":
        yield read_pdf(path, pdf)
    else:
        yield from BIBLIOGRAPHIES[path.suffix.lower()](path)
