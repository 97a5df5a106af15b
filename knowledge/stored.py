"""Files that were handed in and are kept, into the library; one that cannot be read is kept as a failure."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config import Settings
from knowledge.ingestion import FILE, Ingested, Progress
from knowledge.library import Library
from records.database import Database
from records.errors import BadInput
from records.names import plain_name
from records.repositories import Failed, Failures, Files


def ingest_stored(
    library: Library,
    database: Database,
    settings: Settings,
    workspace_id: str,
    file_id: str,
    report: Progress | None = None,
) -> Ingested:
    """Read a stored file in, under the name that it was handed in with.

    Raises BadInput for one that cannot be read, which is then among the failures, and NotFound.
    """
    again = {"file_id": file_id}
    with database.read() as session:
        name = Files(session, workspace_id).get(file_id).name
    try:
        with _unpacked(database, workspace_id, file_id, name) as path:
            ingested = library.ingest([path], report, pdf=settings.pdf, again=again)
    except BadInput as error:
        with database.write() as session:
            Failures(session, workspace_id).note(FILE, [Failed(name, error.message, again)])
        raise
    with database.write() as session:
        Failures(session, workspace_id).resolve(FILE, [name])
    return ingested


@contextmanager
def _unpacked(database: Database, workspace_id: str, file_id: str, name: str) -> Iterator[Path]:
    """The file on the disk for a moment; what is wrong with it is told under its name alone."""
    with tempfile.TemporaryDirectory(prefix="touchstone-") as folder:  # for its owner alone
        path = Path(folder) / plain_name(name)
        with database.read() as session:
            path.write_bytes(Files(session, workspace_id).content(file_id))
        try:
            yield path
        except BadInput as error:
            raise BadInput(error.code, error.message.replace(f"{folder}/", "")) from error
