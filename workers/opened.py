"""What a worker's process keeps open from job to job.

It is first asked for in a child, so nothing crosses a fork.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING

from config import Settings, load_settings
from records.database import Database
from records.repositories import Workspaces

if TYPE_CHECKING:
    from knowledge.library import Library

log = logging.getLogger(__name__)


@cache
def database() -> Database:
    """This process's database, at its newest form."""
    opened = Database(load_settings().database)
    opened.migrate()
    return opened


def workspace_name(workspace_id: str) -> str:
    with database().read() as session:
        return Workspaces(session).get(workspace_id).name


class _Shelf:
    """Open libraries by workspace: the second search finds model, index and words in memory."""

    MOST = 4

    def __init__(self) -> None:
        self._open: dict[str, tuple[ExitStack, Library]] = {}

    def library(self, settings: Settings, workspace_id: str) -> Library:
        from knowledge import open_library

        kept = self._open.pop(workspace_id, None)
        if kept is None:
            stack = ExitStack()
            kept = stack, stack.enter_context(open_library(settings, database(), workspace_id))
        self._open[workspace_id] = kept  # the last used is last
        while len(self._open) > self.MOST:
            self.close(next(iter(self._open)))
        return kept[1]

    def close(self, workspace_id: str) -> None:
        """Open it anew the next time: the index's server may have another address."""
        if (kept := self._open.pop(workspace_id, None)) is not None:
            kept[0].close()

    def close_all(self) -> None:
        for workspace_id in list(self._open):
            self.close(workspace_id)


shelf = _Shelf()
