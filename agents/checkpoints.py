"""Where the graph's checkpoints are kept: beside the embedded database, or in PostgreSQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from config import Settings
from records.errors import Failure, TouchstoneError
from records.faults import disk_full, not_writable

BUSY_TIMEOUT_S = 30
SETUP_LOCK = 0x746F756368  # any number that nothing else locks
PLAIN = JsonPlusSerializer(allowed_msgpack_modules=None)
"""Brings back plain types and nothing else, whoever may have written into the checkpoints."""


@contextmanager
def open_checkpoints(settings: Settings) -> Iterator[BaseCheckpointSaver[Any]]:
    """The saver of this installation; a connection of its own, closed at the end."""
    if settings.database.startswith("sqlite"):
        with _sqlite(settings) as saver:
            yield saver
    else:
        with _postgres(settings) as saver:
            yield saver


@contextmanager
def _sqlite(settings: Settings) -> Iterator[BaseCheckpointSaver[Any]]:
    from langgraph.checkpoint.sqlite import SqliteSaver

    path = settings.data_dir / "checkpoints.db"
    try:
        connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
        with closing(connection):
            saver = SqliteSaver(connection, serde=PLAIN)
            saver.setup()
            yield saver
    except sqlite3.OperationalError as error:  # only the saver's: the records explain their own
        raise _explained(error, str(path)) from error


def _explained(error: sqlite3.OperationalError, place: str) -> TouchstoneError:
    name = error.sqlite_errorname
    if name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR"):
        return disk_full(place)
    if name.startswith("SQLITE_BUSY"):
        return Failure("database_busy", f"another process kept {place} locked for too long; try again")
    return not_writable(place, str(error))


@contextmanager
def _postgres(settings: Settings) -> Iterator[BaseCheckpointSaver[Any]]:
    import psycopg
    from langgraph.checkpoint.postgres import PostgresSaver
    from psycopg.rows import dict_row

    url = settings.database.replace("+psycopg", "", 1)
    with psycopg.connect(url, autocommit=True, prepare_threshold=0, row_factory=dict_row) as connection:
        saver = PostgresSaver(connection, serde=PLAIN)
        # Two workers that start on an empty database would otherwise both make the tables, and one would
        # fail.
        connection.execute("SELECT pg_advisory_lock(%s)", (SETUP_LOCK,))
        saver.setup()
        connection.execute("SELECT pg_advisory_unlock(%s)", (SETUP_LOCK,))
        yield saver
