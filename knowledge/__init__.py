"""Papers in, passages out: parsing, de-duplication, embedding, index, retrieval."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    from knowledge.generations import serving_embedder
    from knowledge.library import General, Library
    from records.repositories import Generations, Workspaces
    from records.repositories.general import GENERAL

    embedder, setting = serving_embedder(settings, database, workspace_id)
    with database.read() as session:
        shared = Workspaces(session).find(GENERAL)
        answers = Generations(session, shared.id).serving() if shared is not None else None

    with ExitStack() as stack:

        def opener(of_workspace: str) -> Callable[[], Index]:
            @cache
            def index() -> Index:
                from knowledge.index import open_index

                opened = open_index(settings.index, settings.data_dir, of_workspace, embedder.name)
                return stack.enter_context(opened)

            return index

        general: General | None = None
        if answers is not None and answers.workspace_id != workspace_id and answers.model == embedder.name:
            general = answers.workspace_id, opener(answers.workspace_id)
        yield Library(
            database, workspace_id, embedder, opener(workspace_id), setting=setting, general=general
        )
