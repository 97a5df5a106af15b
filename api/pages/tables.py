"""A table that somebody typed, pasted or uploaded: comma, semicolon or tab between the cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass

Problem = tuple[int, str]
"""Line, and what is wrong in it."""


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    """As the header names them."""
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    """Line, and cells by column, where something stands in it."""
    errors: tuple[Problem, ...] = ()


def header_of(text: str) -> tuple[int, str, tuple[str, ...]]:
    """The place of the first line that is not blank, what parts its cells, and their texts."""
    lines = text.splitlines()
    start = next((place for place, line in enumerate(lines) if line.strip()), 0)
    header = lines[start] if lines else ""
    delimiter = max(",;\t", key=header.count)
    cells = next(csv.reader([header], delimiter=delimiter), [])
    return start, delimiter, tuple(cell.strip() for cell in cells)


def read_table(text: str) -> Table:
    """The rows under the header; a name that stands twice in it, or a row that is too long, is an error."""
    start, delimiter, columns = header_of(text)
    named = [name.casefold() for name in columns if name]
    if twice := next((name for name in named if named.count(name) > 1), None):
        return Table(columns, (), ((start + 1, f"The column “{twice}” stands there twice"),))
    body = io.StringIO("\n".join(text.splitlines()[start + 1 :]), newline="")
    reader = csv.reader(body, delimiter=delimiter)
    rows: list[tuple[int, Mapping[str, str]]] = []
    errors: list[Problem] = []
    try:
        for cells in reader:
            line = start + 1 + reader.line_num
            if len(cells) > len(columns):
                errors.append((line, "The row has more cells than the header"))
            elif any(cell.strip() for cell in cells):
                told = zip(columns, (cell.strip() for cell in cells), strict=False)
                rows.append((line, {name: cell for name, cell in told if name}))
    except csv.Error as error:
        errors.append((start + 1 + reader.line_num, f"This is no CSV: {error}"))
    return Table(columns, tuple(rows), tuple(errors))
