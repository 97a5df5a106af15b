"""Papers in, passages out: parsing, de-duplication, embedding, index, retrieval."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # who only keeps the index's server running must not pay for numerics
    from config import Settings
    from knowledge.index import Index
    from knowledge.library import Library
    from records.database import Database


@contextmanager
def open_library(settings: Settings, database: Database, workspace_id: str) -> Iterator[Library]:
    """The workspace's library, with the embedding model and the index that the settings name.

    The index is opened by the first search: reading papers in needs none.
    """
    from knowledge.embedding import load_embedder
    from knowledge.library import Library

    embedder = load_embedder(settings.embedding)
    with ExitStack() as stack:

        @cache
        def index() -> Index:
            from knowledge.index import open_index

            opened = open_index(settings.index, settings.data_dir, workspace_id, embedder.name)
            return stack.enter_context(opened)

        yield Library(database, workspace_id, embedder, index)
