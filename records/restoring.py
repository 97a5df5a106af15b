"""Puts a backup in the place of what a data directory holds: all of it, or nothing.

It is unpacked beside the old content and checked first. Only then must everybody else be out: a supervisor
ends its parts as soon as it finds the maintenance lock held, and starts them again when it is free. The
exchange itself is a few renames; where they are cut off, the next start brings them to their end.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from sqlalchemy import inspect

from config import Settings
from records import folder, postgresql
from records.backup import CHECKPOINTS, DUMP, RECORDS, Backup, check_place, entries, unpack
from records.database import Database
from records.errors import BadInput, Conflict, Failure

STAGED = "restoring"
REPLACED = "replaced"
CHECKED = ".checked"
"""In the staged folder: the names that it brings; once it is there, the exchange goes on and never back."""

PARTS_END_S = 20.0
COMMANDS_END_S = 10.0


def restore(settings: Settings, file: Path, *, force: bool = False) -> Backup:
    """Restore the backup, also while a supervisor serves from the directory.

    Raises BadInput ``not_empty`` unless ``force``, ``wrong_database``, what ``unpack`` raises, Conflict
    ``restoring`` or ``in_use``, Failure ``still_serving``. Whatever is raised, the old content is as it was.
    """
    data_dir = settings.data_dir
    folder.make_private(data_dir)
    with folder.held(data_dir / folder.RESTORE) as mine:
        if not mine:
            raise Conflict("restoring", f"another backup is being restored into {data_dir}; wait for it")
        finish(data_dir)
        if not force and _holds_data(settings):
            raise BadInput("not_empty", f"{data_dir} holds data already; to replace it, give --force")
        staged = data_dir / STAGED
        try:
            made = unpack(file, staged)
            _check_kind(settings, made)
            with _alone(data_dir):
                _exchange(settings, staged, made)
        except OSError as error:
            raise folder.unwritable(data_dir, error) from error
        finally:
            if not (staged / CHECKED).exists():
                shutil.rmtree(staged, ignore_errors=True)
        return made


def recover(data_dir: Path) -> None:
    """Bring a restore that was cut off to its end, or undo it; one that goes on is left alone."""
    if (data_dir / STAGED).exists():
        with folder.held(data_dir / folder.RESTORE) as mine:
            if mine:
                finish(data_dir)


def finish(data_dir: Path) -> None:
    """Bring an exchange that was cut off to its end; for whoever holds the lock of a restore."""
    staged, replaced = data_dir / STAGED, data_dir / REPLACED
    checked = staged / CHECKED
    if not checked.exists():
        shutil.rmtree(staged, ignore_errors=True)
        return
    new: list[str] = json.loads(checked.read_text())
    replaced.mkdir(mode=0o700, exist_ok=True)
    for old in entries(data_dir):
        if old.name not in new or (staged / old.name).exists():
            old.replace(replaced / old.name)
    for name in new:
        if (staged / name).exists():
            (staged / name).replace(data_dir / name)
    # Derived from the old content, or waiting for jobs of it.
    for name in ("chroma", "broker", REPLACED):
        shutil.rmtree(data_dir / name, ignore_errors=True)
    shutil.rmtree(staged)


def _holds_data(settings: Settings) -> bool:
    if settings.database.startswith("sqlite"):
        return bool(entries(settings.data_dir))
    database = Database(settings.database)
    try:
        with database.read() as session:
            return inspect(session.connection()).has_table("alembic_version")
    finally:
        database.close()


def _check_kind(settings: Settings, made: Backup) -> None:
    here = "sqlite" if settings.database.startswith("sqlite") else "postgresql"
    if here == "sqlite":
        check_place(settings)
    if made.database != here:
        raise BadInput("wrong_database", f"the backup is of {made.database}, the settings name {here}")


@contextmanager
def _alone(data_dir: Path) -> Iterator[None]:
    """Have everybody out of the directory, and keep them out until the block ends."""
    with ExitStack() as stack:
        enter = stack.enter_context
        if not enter(folder.held(data_dir / folder.MAINTENANCE, within_s=COMMANDS_END_S)):
            raise Conflict("in_use", f"somebody starts Touchstone in {data_dir} at this moment; try again")
        if not enter(folder.held(data_dir / folder.CHILDREN, within_s=PARTS_END_S)):
            raise Failure("still_serving", f"what serves from {data_dir} did not end; end it, and try again")
        # First the server's own lock: it ends once it finds the users' lock free, so that one comes after.
        for name in ("chroma.held", "chroma.users"):
            if not enter(folder.held(data_dir / name, within_s=COMMANDS_END_S)):
                raise _in_use(data_dir)
        for name in (RECORDS, CHECKPOINTS):
            if (data_dir / name).exists() and not _unopened(data_dir / name):
                raise _in_use(data_dir)
        yield


def _in_use(data_dir: Path) -> Conflict:
    return Conflict("in_use", f"a touchstone command still works in {data_dir}; wait for it, or end it")


def _unopened(path: Path) -> bool:
    """Whether nobody else has this SQLite file open: only then does it leave its write-ahead log."""
    try:
        with closing(sqlite3.connect(path, timeout=2)) as connection:
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            connection.execute("PRAGMA journal_mode=WAL")  # as it was, should the exchange fail
            return str(mode) == "delete"
    except sqlite3.OperationalError as error:
        return not str(error).startswith("database is locked")
    except sqlite3.DatabaseError:
        return True  # no database any more: a backup is what it needs


def _exchange(settings: Settings, staged: Path, made: Backup) -> None:
    if made.database == "postgresql":
        postgresql.load(settings.database, staged / DUMP)
        (staged / DUMP).unlink()
    for path in staged.rglob("*"):
        folder.sync(path)
    draft = staged / f"{CHECKED}.new"
    draft.write_text(json.dumps(sorted(path.name for path in staged.iterdir() if path != draft)))
    folder.sync(draft)
    draft.replace(staged / CHECKED)
    folder.sync(staged)
    finish(settings.data_dir)
