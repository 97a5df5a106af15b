"""What several repositories need."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

from sqlalchemy import Select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute, Session

from records.base import Base

T = TypeVar("T")
Row = TypeVar("Row", bound=Base)

CHUNK = 1000  # ids in one statement; SQLite and PostgreSQL both bound the number of parameters


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk


def fetch_by(
    session: Session, query: Select[Row], column: InstrumentedAttribute[str], ids: Iterable[str]
) -> list[Row]:
    """The rows of ``query`` whose ``column`` is one of ``ids``, however many those are."""
    found: list[Row] = []
    for chunk in chunks(ids):
        found.extend(session.scalars(query.where(column.in_(chunk))))
    return found


def find_or_insert(session: Session, find: Callable[[], Row | None], row: Row) -> Row:
    """The row that is there already, or else this one: also when two transactions insert at once."""
    found = find()
    if found is not None:
        return found
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Somebody was faster, or the row is wrong in another way; the second look tells.
        found = find()
        if found is None:
            raise
        return found
    return row


def number(positions: Sequence[object]) -> None:
    """Give rows that hang on one parent their places, from 0."""
    for position, row in enumerate(positions):
        row.position = position  # type: ignore[attr-defined]
