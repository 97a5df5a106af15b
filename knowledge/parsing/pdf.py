"""PDF, by pypdf in a process that can be killed: a paper's title, abstract and sections."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from config import PdfSettings
from knowledge.dedup import title_key
from knowledge.parsing.paper import LONGEST_TEXT, ParsedPaper, Unusable, make_paper, plain_text
from knowledge.parsing.sections import is_running, lines_of, running_lines, sections
from records.errors import BadInput

CHILD = Path(__file__).with_name("pdf_child.py")

LEAST_TEXT = 40
"""Characters; a scan may still have a line of its scanner's."""

WRITERS_NAME = re.compile(r"^Microsoft Word - |^untitled|\.(?:docx?|tex|dvi|indd|pdf)$", re.IGNORECASE)


def read_pdf(path: Path, limits: PdfSettings) -> ParsedPaper:
    """The paper of a PDF; BadInput with one reason for a file that gives none."""
    if path.stat().st_size > limits.size_mb * 2**20:
        raise BadInput("large_pdf", f"{path} is larger than the {limits.size_mb} MB that are read")
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            raise BadInput("not_a_pdf", f"{path} is no PDF, whatever its name says")
    return paper_of(path, _extracted(path, limits))


def _extracted(path: Path, limits: PdfSettings) -> dict[str, Any]:
    """What the child tells of the file."""
    figures = (limits.pages, LONGEST_TEXT, limits.memory_mb, limits.seconds)
    command = [sys.executable, "-P", str(CHILD), str(path), *map(str, figures)]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=limits.seconds)
    except subprocess.TimeoutExpired:
        raise _slow(path, limits) from None
    if done.returncode in (-24, -9):  # SIGXCPU, SIGKILL: the child's own limits, or the kernel's
        raise _slow(path, limits)
    if done.returncode != 0:
        last = plain_text(done.stderr.decode(errors="replace").strip().rpartition("\n")[2])[:100]
        raise BadInput("bad_pdf", f"{path} is a damaged PDF ({last or 'its reader died'})")
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _slow(path: Path, limits: PdfSettings) -> BadInput:
    return BadInput("slow_pdf", f"{path} was not read within {limits.seconds} seconds")


def paper_of(path: Path, told: dict[str, Any]) -> ParsedPaper:
    """The paper that an extracted PDF holds; BadInput where none was extracted or it has no text."""
    if "code" in told:
        raise BadInput(told["code"], f"{path} {plain_text(told['reason'])}")
    pages: list[str] = told["pages"]
    lines = lines_of(pages)
    front, parts = sections(lines)
    abstract, text = _joined(front), [(name, _joined(part)) for name, part in parts]
    if len(abstract) < LEAST_TEXT:
        abstract, text = _joined("\n".join(lines)), []
    if len(abstract) < LEAST_TEXT:
        abstract = _joined("\n".join(pages))
    if len(abstract) < LEAST_TEXT:
        raise BadInput("no_text", f"{path} has no text: it is probably a scan; run it through OCR first")
    doi = re.search(r"\b10\.\d{4,9}/[^\s\"<>]+", pages[0])  # those behind it are of papers that it cites
    try:
        paper = make_paper(
            title=_title(told, pages) or path.stem, abstract=abstract, doi=doi.group(0) if doi else None
        )
    except Unusable as error:
        raise BadInput("no_text", f"{path} cannot be used: {error}") from None
    return replace(paper, sections=tuple((name, part) for name, part in text if part), title_is_sure=False)


def _joined(text: str) -> str:
    """Lines as running text: words that were parted at the end of a line are whole again."""
    return plain_text(re.sub(r"(?<=[a-z])-\n(?=[a-z])", "", text))


def _title(told: dict[str, Any], pages: list[str]) -> str:
    """What the file calls itself, else what is printed largest on the first page, else its first line."""
    running = running_lines(pages)
    named = plain_text(told["title"])
    if _is_title(named):
        return named
    printed = (_joined(text) for text in told["largest"])
    first = (line.strip() for line in pages[0].splitlines())
    guesses = [text for text in printed if len(text) <= 300 and len(text.split()) > 2] + list(first)
    return next((text for text in guesses if _is_title(text) and not is_running(text, running)), "")


def _is_title(text: str) -> bool:
    """Whether it may be a title: no page number, no rule, no name that a word processor gave the file."""
    return len(title_key(text)) > 8 and not WRITERS_NAME.search(text)
