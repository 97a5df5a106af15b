"""A process of its own that takes the text out of a PDF: whatever the file does to it, only it dies.

``python pdf_child.py FILE PAGES CHARACTERS MEMORY_MB SECONDS`` prints one JSON object: ``pages`` (texts),
``title`` (of the file's data) and ``largest`` (the first page's text by the size of its letters, the largest
first), or ``code`` and ``reason``. It needs nothing but pypdf.
"""

from __future__ import annotations

import json
import logging
import resource
import struct
import sys
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError

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

SIZES = 4
"""Of letters on the first page that are told, with so many characters each."""
SIZE_CHARACTERS = 600


def main(path: str, most_pages: str, most_characters: str, memory_mb: str, seconds: str) -> None:
    limit(int(memory_mb), int(seconds))
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # what is broken is told by the result
    try:
        told = extract(Path(path), int(most_pages), int(most_characters))
    except MemoryError:
        told = {"code": "heavy_pdf", "reason": f"needs more than {memory_mb} MB to be read"}
    sys.stdout.write(json.dumps(told))


def limit(memory_mb: int, seconds: int) -> None:
    """Bound this process: also where whoever started it is gone."""
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    memory = memory_mb * 2**20 if most == resource.RLIM_INFINITY else min(memory_mb * 2**20, most)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def extract(path: Path, most_pages: int, most_characters: int) -> dict[str, Any]:
    """The texts of a PDF's pages, up to so many characters; or why there are none."""
    try:
        reader = PdfReader(path)
        if reader.is_encrypted and not reader.decrypt(""):
            return {"code": "encrypted_pdf", "reason": "is protected by a password; save it without one"}
        if len(reader.pages) > most_pages:
            reason = f"has {len(reader.pages)} pages; at most {most_pages} are read"
            return {"code": "long_pdf", "reason": reason}
        named = str((reader.metadata and reader.metadata.title) or "")
        largest, first = _by_size(reader.pages[0]) if len(reader.pages) else ([], "")
        pages = [first]
        for page in reader.pages[1:]:
            if sum(map(len, pages)) > most_characters:
                break
            pages.append(page.extract_text() or "")
    except DAMAGE as error:
        return {"code": "bad_pdf", "reason": f"is a damaged PDF ({str(error)[:100] or type(error).__name__})"}
    return {"pages": [page[:most_characters] for page in pages], "title": named[:2_000], "largest": largest}


def _by_size(page: PageObject) -> tuple[list[str], str]:
    """The page's text, and its parts by the size of their letters."""
    parts: dict[float, list[str]] = defaultdict(list)

    def see(text: str, matrix: list[float], text_matrix: list[float], _font: Any, size: float) -> None:
        scale = (text_matrix[2] ** 2 + text_matrix[3] ** 2) * (matrix[2] ** 2 + matrix[3] ** 2)
        parts[round(float(size or 0) * float(scale) ** 0.5, 1)].append(text)

    whole = page.extract_text(visitor_text=see) or ""
    if len([size for size, texts in parts.items() if "".join(texts).strip()]) < 2:
        return [], whole  # all of one size: none stands out
    joined = ["".join(parts[size])[:SIZE_CHARACTERS] for size in sorted(parts, reverse=True)]
    return joined[:SIZES], whole


if __name__ == "__main__":
    main(*sys.argv[1:6])
