"""A picture with its caption and its numbers."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from markupsafe import Markup

from api.pages.plots import svg

Cell = str | int | float | None

RISKY = ("=", "+", "-", "@", "\t", "\r")
"""A cell of a spreadsheet that begins so would be computed."""


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    """Part of its address."""
    title: str
    caption: str
    svg: Markup
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    legend: tuple[tuple[str, str], ...] = ()
    """Class of a mark, and what it stands for."""

    def as_file(self) -> str:
        return svg.standing_alone(self.svg)

    def as_csv(self) -> str:
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(self.columns)
        writer.writerows([_plain(cell) for cell in row] for row in self.rows)
        return "\ufeff" + text.getvalue()


def _plain(cell: Cell) -> Cell:
    if isinstance(cell, str):
        return f"'{cell}" if cell.startswith(RISKY) else cell
    return cell
