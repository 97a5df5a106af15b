"""PDF, by pypdf: the whole text of a paper, its title from the file's data or its first line."""

from __future__ import annotations

import re
import struct
import zlib
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from knowledge.dedup import title_key
from knowledge.parsing.paper import ParsedFile, Unusable, make_paper, plain_text
from records.errors import BadInput

MOST_PAGES = 500
DAMAGE = (
    PyPdfError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
)
"""A damaged file shows itself anywhere in the reader, with whatever its data makes of the code."""

WRITERS_NAME = re.compile(r"^Microsoft Word - |^untitled|\.(?:docx?|tex|dvi|indd|pdf)$", re.IGNORECASE)


def parse_pdf(path: Path) -> ParsedFile:
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            raise BadInput("not_a_pdf", f"{path} is no PDF, whatever its name says")
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            raise BadInput("encrypted_pdf", f"{path} is protected by a password; save it without one")
        if len(reader.pages) > MOST_PAGES:
            raise BadInput("long_pdf", f"{path} has {len(reader.pages)} pages; at most {MOST_PAGES} are read")
        pages = [page.extract_text() or "" for page in reader.pages]
        named = plain_text(reader.metadata.title if reader.metadata else None)
    except DAMAGE as error:
        reason = plain_text(str(error))[:100] or type(error).__name__
        raise BadInput("bad_pdf", f"{path} is a damaged PDF ({reason})") from error
    text = _joined(pages)
    if len(text) < 40:
        raise BadInput("no_text", f"{path} has no text: it is probably a scan; run it through OCR first")
    title = named if _is_title(named) else _first_line(pages)
    doi = re.search(r"\b10\.\d{4,9}/[^\s\"<>]+", pages[0])  # those behind it are of papers that it cites
    try:
        paper = make_paper(title=title or path.stem, abstract=text, doi=doi.group(0) if doi else None)
    except Unusable as error:
        raise BadInput("no_text", f"{path} cannot be used: {error}") from None
    return ParsedFile((paper,))


def _joined(pages: list[str]) -> str:
    """All pages as running text: words that were parted at the end of a line are whole again."""
    return plain_text(re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", "\n".join(pages)))


def _first_line(pages: list[str]) -> str:
    lines = (line.strip() for page in pages[:1] for line in page.splitlines())
    return next((line for line in lines if _is_title(line)), "")


def _is_title(text: str) -> bool:
    """Whether it may be a title: no page number, no rule, no name that a word processor gave the file."""
    return len(title_key(text)) > 8 and not WRITERS_NAME.search(text)
