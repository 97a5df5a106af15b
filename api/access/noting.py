"""When keys and sessions were used last: noted at most once a minute, and no request waits for it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy.orm import Session

from records.database import Database
from records.errors import TouchstoneError

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
REMEMBERED = 10_000


class Noting:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._noted: dict[str, float] = {}
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="noting")

    def note(
        self, database: Database, used_id: str, write: Callable[[Session, str, timedelta], None]
    ) -> None:
        """Have ``write(session, used_id, EVERY)`` done soon, unless it was a moment ago."""
        if self._due(used_id):
            self._writer.submit(_write, database, used_id, write)

    def close(self) -> None:
        """Wait for what is still to be written."""
        self._writer.shutdown()

    def _due(self, used_id: str) -> bool:
        at = time.monotonic()
        with self._lock:
            if at - self._noted.get(used_id, -EVERY.total_seconds()) < EVERY.total_seconds():
                return False
            if len(self._noted) >= REMEMBERED:
                self._noted.clear()  # the statement itself looks at the time too
            self._noted[used_id] = at
            return True


def _write(database: Database, used_id: str, write: Callable[[Session, str, timedelta], None]) -> None:
    try:
        with database.write() as session:
            write(session, used_id, EVERY)
    except TouchstoneError as error:
        log.warning("the last use of %s was not noted: %s", used_id, error)
