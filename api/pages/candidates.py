"""A chemist's own candidates: one a line, or a CSV table with what is known of them already."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import ValidationError

from api.pages.forms import by_field
from api.schemas.questions import CandidateIn, KnownIn

COLUMNS = ("title", "statement", "score", "sem", "unit")
MOST = 10_000
MOST_ERRORS = 200


@dataclass(frozen=True, slots=True)
class Candidates:
    found: tuple[CandidateIn, ...] = ()
    errors: tuple[tuple[int, str], ...] = ()
    """Line, and what is wrong in it."""
    results: int = field(default=0)
    """Known scores among them."""


def read_candidates(text: str) -> Candidates:
    """The candidates in it; a title that stands in several rows is one candidate with several results."""
    found: dict[str, CandidateIn] = {}
    errors: list[tuple[int, str]] = []
    for line, cells in _rows(text, errors):
        if len(found) >= MOST:
            errors.append((line, f"There are more than {MOST:,} candidates"))
            break
        try:
            one = _candidate(cells)
        except ValidationError as error:
            errors += [(line, f"{name or 'row'}: {why}") for name, why in by_field(error).items()]
            continue
        before = found.get(one.title)
        if before is not None and not one.results:
            errors.append((line, f"“{one.title[:60]}” stands above already"))
        elif before is not None:
            found[one.title] = before.model_copy(update={"results": (*before.results, *one.results)})
        else:
            found[one.title] = one
    results = sum(len(one.results) for one in found.values())
    return Candidates(tuple(found.values()), tuple(errors[:MOST_ERRORS]), results)


def _rows(text: str, errors: list[tuple[int, str]]) -> Iterator[tuple[int, Mapping[str, str]]]:
    """Line and cells by column, where something stands in it."""
    lines = text.splitlines()
    start = next((place for place, line in enumerate(lines) if line.strip()), 0)
    header = lines[start] if lines else ""
    delimiter = max(",;\t", key=header.count)
    names = [name.strip().strip('"').casefold() for name in header.split(delimiter)]
    if "title" not in names:
        yield from ((number, {"title": line}) for number, line in enumerate(lines, 1) if line.strip())
        return
    if unknown := [name for name in names if name not in COLUMNS]:
        errors.append((start + 1, f"There is no column “{unknown[0]}”; use {', '.join(COLUMNS)}"))
        return
    body = io.StringIO("\n".join(lines[start + 1 :]), newline="")
    reader = csv.reader(body, delimiter=delimiter)
    try:
        for cells in reader:
            line = start + 1 + reader.line_num
            if len(cells) > len(names):
                errors.append((line, "The row has more cells than the header"))
            elif any(cell.strip() for cell in cells):
                yield line, dict(zip(names, cells, strict=False))
    except csv.Error as error:
        errors.append((start + 1 + reader.line_num, f"This is no CSV: {error}"))


def _candidate(cells: Mapping[str, str]) -> CandidateIn:
    told = {name: value.strip() for name, value in cells.items() if value.strip()}
    known = {name: told[name] for name in ("score", "sem", "unit") if name in told}
    measured = (KnownIn.model_validate(known),) if known.keys() & {"score", "sem"} else ()
    return CandidateIn(title=told.get("title", ""), statement=told.get("statement", ""), results=measured)
