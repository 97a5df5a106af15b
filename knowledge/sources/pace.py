"""The pause between two requests to one service, kept by all processes of a data directory together."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

Sleep = Callable[[float], object]


class Pace:
    """When the next request may be made; a file holds that time, and its lock the turn."""

    def __init__(self, folder: Path, service: str, pause_s: float, sleep: Sleep = time.sleep) -> None:
        self._file = folder / quote(service, safe="")
        self._pause_s = pause_s
        self._sleep = sleep

    def wait(self, longest_s: float) -> None:
        """Return when it is this process's turn; a time further away than ``longest_s`` is not believed."""
        with self._held() as file:
            early_s = min(_read(file) - time.time(), longest_s)
            if early_s > 0.001:
                self._sleep(early_s)
            _write(file, time.time() + self._pause_s)

    def hold(self, seconds: float) -> None:
        """Let nobody ask for so long: the service said so."""
        with self._held() as file:
            _write(file, max(_read(file), time.time() + seconds))

    @contextmanager
    def _held(self) -> Iterator[int]:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield file
        finally:
            os.close(file)


def _read(file: int) -> float:
    try:
        return float(os.pread(file, 64, 0))
    except ValueError:  # new, or half written when its writer was killed
        return 0.0


def _write(file: int, moment: float) -> None:
    os.ftruncate(file, 0)
    os.pwrite(file, f"{moment:.6f}".encode(), 0)
