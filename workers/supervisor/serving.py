"""One supervisor a data directory, and what it tells other commands: its process, its address, its broker."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from records import folder
from records.errors import Conflict


@dataclass(frozen=True, slots=True)
class Serving:
    pid: int
    url: str
    """Of the web process."""
    broker_url: str
    """With its password, so the file is for the owner alone."""


def serving(data_dir: Path) -> Serving | None:
    """Who serves from this directory; None when nobody does, or not yet."""
    path = data_dir / folder.SERVE
    if not folder.is_held(path):
        return None
    try:
        return Serving(**json.loads(path.read_text()))
    except (ValueError, TypeError):
        return None


class Place:
    """The lock of the one supervisor, whose file says where it serves."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def tell(self, who: Serving) -> None:
        self.clear()
        os.pwrite(self._descriptor, json.dumps(asdict(who)).encode(), 0)

    def clear(self) -> None:
        os.ftruncate(self._descriptor, 0)


@contextmanager
def only_one(data_dir: Path) -> Iterator[Place]:
    """Be the one supervisor of the directory; Conflict ``already_serving`` where there is one."""
    descriptor = folder.open_lock(data_dir / folder.SERVE)
    try:
        if not folder.lock(descriptor):
            found = serving(data_dir)
            where = f" at {found.url} (process {found.pid})" if found else ""
            raise Conflict(
                "already_serving",
                f"Touchstone already serves from {data_dir}{where}; end that one, or give another --data-dir",
            )
        place = Place(descriptor)
        place.clear()
        try:
            yield place
        finally:
            place.clear()  # the password of a broker that is gone
    finally:
        os.close(descriptor)
