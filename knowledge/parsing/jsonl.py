"""JSON lines: one object a line, ``title`` and ``abstract`` and what else is known."""

from __future__ import annotations

import json
from pathlib import Path

from knowledge.parsing.paper import BrokenEntry, ParsedFile, ParsedPaper, Unusable, make_paper

FIELDS = ("title", "abstract", "doi", "authors", "year", "venue", "url")


def parse_jsonl(path: Path) -> ParsedFile:
    papers: list[ParsedPaper] = []
    broken: list[BrokenEntry] = []
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                papers.append(_paper(line))
            except Unusable as error:
                broken.append(BrokenEntry(path.name, f"line {number}", str(error)))
    return ParsedFile(tuple(papers), tuple(broken))


def _paper(line: str) -> ParsedPaper:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # also a number of more digits than Python reads
        raise Unusable("it is no JSON") from None
    if not isinstance(record, dict):
        raise Unusable("it is no JSON object")
    fields = {name: record.get(name) for name in FIELDS}
    return make_paper(**fields)
