"""Long lists, a page at a time: the next page begins after the last thing seen, however the list grew."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel

Item = TypeVar("Item")
Row = TypeVar("Row")

MOST = 200

Limit = Annotated[int, Query(ge=1, le=MOST, description="Items on a page.")]
After = Annotated[
    str | None,
    Query(max_length=64, pattern=r"^[0-9A-Za-z-]+$", description="`next` of the page before."),
]


class Page(BaseModel, Generic[Item]):
    items: list[Item]
    next: str | None
    """For the next page's `after`; null on the last one."""


def page_of(
    rows: Sequence[Row], limit: int, shown: Callable[[Row], Item], cursor: Callable[[Row], str]
) -> Page[Item]:
    """A page from one row more than it holds, which tells whether there is another."""
    kept = rows[:limit]
    return Page(items=[shown(row) for row in kept], next=cursor(kept[-1]) if len(rows) > limit else None)
