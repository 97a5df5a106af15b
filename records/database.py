"""The one way into the database: short transactions on SQLite or PostgreSQL, and its migrations."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import orjson
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from records import migrating
from records.errors import BadInput
from records.faults import explain, not_writable

Mode = Literal["read", "write", "migrate"]

BUSY_TIMEOUT_S = 30


class Database:
    """The engine of one process; make one, keep it, and close it at the end (not across a fork).

    ``url``: ``sqlite:///path`` or ``postgresql://…`` (psycopg 3). Raises BadInput ``bad_database_url``
    for anything else and ``not_writable`` where a SQLite file's folder cannot be made.
    """

    def __init__(self, url: str) -> None:
        self.url = _parsed(url)
        self.place = (
            self.url.database or "" if self.is_sqlite else self.url.render_as_string(hide_password=True)
        )
        if self.is_sqlite:
            _make_folder(Path(self.place))
        self._engine = _engine(self.url)

    @property
    def is_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    def migrate(self) -> None:
        """Bring the tables to this version's shape; safe when several processes do so at once.

        Raises BadInput ``newer_database`` when a later version of Touchstone has been here.
        """
        with self._explained():
            migrating.migrate(self._mode("migrate"), self.place)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One consistent view of the data; writing in it is an error of the caller."""
        with self._explained(), Session(self._mode("read"), autoflush=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: kept whole at the end, or not at all when anything is raised.

        Raises BadInput ``disk_full`` or ``not_writable``, Failure ``database_busy`` or
        ``database_unreachable``. What was loaded stays readable afterwards.
        """
        with (
            self._explained(),
            Session(self._mode("write"), expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    def optimize(self) -> None:
        """Let SQLite look at how its indexes are filled, in milliseconds; PostgreSQL does so by itself.

        Otherwise it takes a workspace for a few rows, and reads all of it where some ids are asked for.
        """
        if self.is_sqlite:
            with self.write() as session:
                session.execute(text("PRAGMA analysis_limit=1000"))
                session.execute(text("PRAGMA optimize=0x10002"))  # tables that were never looked at, too

    def close(self) -> None:
        self._engine.dispose()

    def _mode(self, mode: Mode) -> Engine:
        options: dict[str, Any] = {"touchstone_mode": mode}
        if mode == "read" and not self.is_sqlite:
            # SQLite's readers see one snapshot anyway; PostgreSQL must be asked for it.
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        return self._engine.execution_options(**options)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (DBAPIError, OSError) as error:
            shown = explain(error, self.place)
            if shown is None:
                raise
            raise shown from error


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise BadInput(
            "bad_database_url", "the database URL cannot be read; try sqlite:///path/to/file.db"
        ) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database and parsed.database != ":memory:":
        return parsed
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+psycopg")
    raise BadInput(
        "bad_database_url", "the database must be sqlite:///path/to/file.db or postgresql://host/name"
    )


def _make_folder(path: Path) -> None:
    try:
        path.absolute().parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        why = error.strerror or "no such place"
        raise not_writable(str(path.parent), why) from error


def _engine(url: URL) -> Engine:
    # NaN is no JSON: PostgreSQL would refuse it and SQLite keep it, so both refuse it here.
    dumps = functools.partial(json.dumps, allow_nan=False, ensure_ascii=False)
    options: dict[str, Any] = {"json_serializer": dumps, "json_deserializer": orjson.loads}
    if url.get_backend_name() != "sqlite":
        return create_engine(url, **options, pool_pre_ping=True)
    engine = create_engine(url, **options, connect_args={"timeout": BUSY_TIMEOUT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: _begin_sqlite does
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_S * 1000}")


def _begin_sqlite(connection: Connection) -> None:
    mode: Mode = connection.get_execution_options()["touchstone_mode"]
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if mode == 'read' else 'OFF'}")
    # A migration rebuilds tables, and dropping the old one would cascade to its children.
    connection.exec_driver_sql(f"PRAGMA foreign_keys={'OFF' if mode == 'migrate' else 'ON'}")
    # A transaction that turns from reading to writing fails at once when another writer was faster.
    connection.exec_driver_sql("BEGIN" if mode == "read" else "BEGIN IMMEDIATE")
