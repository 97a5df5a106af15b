"""What a command works with: settings, the database and the library, opened together and closed together."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from config import Settings, load_settings
from config.log import configure_logging

if TYPE_CHECKING:  # what takes long to import is imported where it is used: a mistake is told at once
    from knowledge.library import Library
    from records.database import Database


@dataclass(frozen=True, slots=True)
class Session:
    settings: Settings
    database: Database
    workspace_id: str


@contextmanager
def session(settings: Settings | None = None) -> Iterator[Session]:
    """The database at its newest form, and the workspace that the settings name."""
    from records.database import Database
    from records.repositories import Workspaces
    from records.restoring import recover

    settings = settings or load_settings()
    configure_logging(settings.log_level, settings.log_format or "text")
    recover(settings.data_dir)
    database = Database(settings.database)
    try:
        database.migrate()
        with database.write() as transaction:
            workspace_id = Workspaces(transaction).get_or_create(settings.workspace).id
        yield Session(settings, database, workspace_id)
    finally:
        database.close()


@contextmanager
def library(opened: Session) -> Iterator[Library]:
    """The workspace's papers, with their index."""
    from knowledge import open_library

    with open_library(opened.settings, opened.database, opened.workspace_id) as papers:
        yield papers
