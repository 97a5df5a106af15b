"""The index's server, used by the supervisor so that it stays, and asked for again when it is gone."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path

from knowledge.chroma_server import chroma_server
from records import folder
from records.errors import TouchstoneError

LOOK_S = 0.5
AGAIN_S = 1.0


class IndexUser:
    """Holds the server as any command does, from a thread, because a start of it takes a while."""

    def __init__(self, data_dir: Path, say: Callable[[str], None]) -> None:
        self._data_dir = data_dir
        self._say = say
        self._stop = threading.Event()
        self._up = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: TouchstoneError | None = None

    @property
    def well(self) -> bool:
        return self._up.is_set()

    def start_if_due(self) -> None:
        if self._thread is None:
            self._stop.clear()
            self._thread = threading.Thread(target=self._use, name="index", daemon=True)
            self._thread.start()

    def release(self) -> None:
        self._stop.set()

    def gone(self) -> bool:
        """Whether the server has ended, after it was released; it stays while a command uses it."""
        if self._thread is not None and self._thread.is_alive():
            return False
        self._thread = None
        return not folder.is_held(self._data_dir / "chroma.held")

    def _use(self) -> None:
        while not self._stop.is_set():
            try:
                with chroma_server(self._data_dir):
                    self.failure = None
                    self._up.set()
                    while _lives(self._data_dir) and not self._stop.wait(LOOK_S):
                        pass
            except TouchstoneError as error:
                self.failure = error
            self._up.clear()
            if not self._stop.is_set():
                why = f": {self.failure.message}" if self.failure else ""
                self._say(f"index ended; it is started again{why}")
                self._stop.wait(AGAIN_S)


def _lives(data_dir: Path) -> bool:
    """Whether the server's process is there: one that is busy may take long to answer, and must be left."""
    try:
        os.kill(int(json.loads((data_dir / "chroma.json").read_text())["pid"]), 0)
    except (OSError, ValueError, KeyError):
        return False
    return True
