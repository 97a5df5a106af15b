"""Papers in, passages out: parsing, de-duplication, embedding, index, retrieval."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from config import Settings
from knowledge.embedding import load_embedder
from knowledge.index import open_index
from knowledge.library import Library
from records.database import Database


@contextmanager
def open_library(settings: Settings, database: Database, workspace_id: str) -> Iterator[Library]:
    """The workspace's library, with the embedding model and the index that the settings name."""
    embedder = load_embedder(settings.embedding)
    with open_index(settings.index, settings.data_dir, workspace_id, embedder.name) as index:
        yield Library(database, workspace_id, embedder, index)
