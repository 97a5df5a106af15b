"""Alembic, run from within the program: no ini file, no working directory, no second command."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

import migrations
from records.errors import BadInput, Failure

SCRIPTS = Path(migrations.__file__).parent
ADVISORY_LOCK = 0x70C4  # any number that nobody else on the server uses


def known_revisions() -> list[str]:
    """The revisions of this version, oldest first: the numbers that the files' names begin with."""
    return sorted(path.name.split("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py"))


def migrate(engine: Engine, place: str) -> None:
    """Upgrade to the newest revision in one transaction; ``engine`` begins transactions for migrating."""
    if _is_current(engine, place):
        return  # the usual case: alembic, which is slow to import, stays out
    if engine.dialect.name == "sqlite":
        with _folder_lock(Path(place)):
            _set_wal(engine)
            with engine.begin() as connection:
                upgrade(connection)
                _check_references(connection, place)
        engine.dispose()
    else:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
            upgrade(connection)


def upgrade(connection: Connection, revision: str = "head") -> None:
    from alembic import command

    command.upgrade(_config(connection), revision)


def downgrade(connection: Connection, revision: str) -> None:
    """Back to an older revision (``base``: no tables at all); what only the newer one can hold is lost."""
    from alembic import command

    command.downgrade(_config(connection), revision)


def _config(connection: Connection):  # type: ignore[no-untyped-def]  # alembic is imported only when needed
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _is_current(engine: Engine, place: str) -> bool:
    known = known_revisions()
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all()
    if any(revision not in known for revision in found):
        raise BadInput(
            "newer_database", f"{place} was made by a newer version of Touchstone; upgrade, or use another"
        )
    return list(found) == known[-1:]


@contextmanager
def _folder_lock(path: Path) -> Iterator[None]:
    """One process at a time: SQLite's own locks do not cover the change to WAL."""
    import fcntl

    folder = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _set_wal(engine: Engine) -> None:
    """Write-ahead log: readers and the writer do not wait for each other. The file remembers it."""
    raw = engine.raw_connection()
    try:
        raw.cursor().execute("PRAGMA journal_mode=WAL")
    finally:
        raw.close()


def _check_references(connection: Connection, place: str) -> None:
    if connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
        raise Failure("migration_failed", f"{place} has rows whose parents are gone; it was left as it was")
