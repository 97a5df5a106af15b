"""JSON lines: one object a line, ``title`` and ``abstract`` and what else is known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from knowledge.parsing.paper import BrokenEntry, ParsedPaper, Unusable, make_paper

FIELDS = ("title", "abstract", "doi", "authors", "year", "venue", "url")


def read_jsonl(path: Path) -> Iterator[ParsedPaper | BrokenEntry]:
    with path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield _paper(line)
            except Unusable as error:
                yield BrokenEntry(path.name, f"line {number}", str(error))


def _paper(line: str) -> ParsedPaper:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):  # also a number of more digits than Python reads
        raise Unusable("it is no JSON") from None
    if not isinstance(record, dict):
        raise Unusable("it is no JSON object")
    fields = {name: record.get(name) for name in FIELDS}
    return make_paper(**fields)
