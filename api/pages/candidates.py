"""A chemist's own candidates: one a line, or a table with what is known of them already."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from api.decimals import with_points
from api.pages.forms import by_field
from api.pages.tables import Problem, header_of, read_table
from api.schemas.questions import CandidateIn, KnownIn

ROLES = ("title", "statement", "score", "sem", "unit")
"""What a column may hold."""
KNOWN_AS: Mapping[str, str] = {
    "name": "title",
    "candidate": "title",
    "hypothesis": "title",
    "description": "statement",
    "claim": "statement",
    "result": "score",
    "value": "score",
    "measured": "score",
    "yield": "score",
    "error": "sem",
    "se": "sem",
    "stderr": "sem",
    "standard error": "sem",
    "units": "unit",
}
"""Other names that a column is recognised by."""
MOST = 10_000
MOST_ERRORS = 200
LOOKED_AT = 6
"""Lines."""


@dataclass(frozen=True, slots=True)
class Candidates:
    found: tuple[CandidateIn, ...] = ()
    errors: tuple[Problem, ...] = ()
    results: int = field(default=0)
    """Known scores among them."""
    columns: tuple[tuple[str, str], ...] = ()
    """Of a table: name and role of each column, in their order; a column without a role is left out."""


def read_candidates(text: str, roles: Mapping[str, str] | None = None) -> Candidates:
    """The candidates in it; a title that stands in several rows is one candidate with several results.

    ``roles``: column to role, where a person said so; else they are guessed from the columns' names.
    """
    _, _, names = header_of(text)
    given = {name: role for name, role in (roles or {}).items() if name in names and role in ROLES}
    roles = given or guessed(names)
    if "title" not in roles.values():
        lines = [(n, {"title": line.strip()}) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
        read = _collected(lines, [])
        columns = tuple((name, "") for name in names) if _looks_like_a_table(text) else ()
        return replace(read, columns=columns)
    table = read_table(text)
    errors = list(table.errors)
    rows = [
        (line, {roles[name]: cell for name, cell in cells.items() if name in roles and cell})
        for line, cells in table.rows
    ]
    read = _collected(rows, errors)
    columns = tuple((name, roles.get(name, "")) for name in names)
    return Candidates(read.found, read.errors, read.results, columns)


def guessed(names: tuple[str, ...]) -> dict[str, str]:
    """Column to role, each role once; nothing unless one of them is the title."""
    found: dict[str, str] = {}
    for name in names:
        plain = name.casefold()
        role = plain if plain in ROLES else KNOWN_AS.get(plain)
        if role and role not in found.values():
            found[name] = role
    return found if "title" in found.values() else {}


def _looks_like_a_table(text: str) -> bool:
    """Whether its first lines are all parted alike: then a person may say what the columns hold."""
    _, delimiter, names = header_of(text)
    counts = {line.count(delimiter) for line in text.splitlines()[:LOOKED_AT] if line.strip()}
    return len(names) > 1 and len(counts) == 1


def _collected(rows: list[tuple[int, dict[str, str]]], errors: list[Problem]) -> Candidates:
    found: dict[str, CandidateIn] = {}
    for line, cells in rows:
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
    return Candidates(tuple(found.values()), tuple(sorted(errors)[:MOST_ERRORS]), results)


def _candidate(told: Mapping[str, str]) -> CandidateIn:
    known = {name: told[name] for name in ("score", "sem", "unit") if name in told}
    known = with_points(known, ("score", "sem"))
    measured = (KnownIn.model_validate(known),) if known.keys() & {"score", "sem"} else ()
    return CandidateIn(title=told.get("title", ""), statement=told.get("statement", ""), results=measured)
