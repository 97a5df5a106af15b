"""Files read past the page cache, so that a memory budget says what is really in memory."""

from __future__ import annotations

import contextlib
import mmap
import os
from pathlib import Path

import torch
from torch import Tensor

BLOCK = 4096
"""Direct reads begin and end on it, and go into memory that lies on it."""


def aligned(size: int) -> int:
    """``size`` rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def buffer(size: int) -> Tensor:
    """``size`` bytes that lie on a block; they take memory only once they are written."""
    return torch.frombuffer(mmap.mmap(-1, max(aligned(size), BLOCK)), dtype=torch.uint8)[:size]


class DirectFile:
    """A file read in whole blocks; any thread may read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file, self._direct = _open(path)

    def read(self, offset: int, into: Tensor) -> None:
        """Fill ``into`` (bytes, from :func:`buffer`) from ``offset``; both in whole blocks."""
        view = memoryview(into.numpy())  # type: ignore[arg-type]
        done = 0
        while done < len(view):
            count = os.preadv(self._file, [view[done:]], offset + done)
            if count == 0:
                raise OSError(f"{self._path} ends at {offset + done}, before what the store says")
            done += count
        if not self._direct:
            os.posix_fadvise(self._file, offset, len(view), os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        os.close(self._file)


def _open(path: Path) -> tuple[int, bool]:
    """A descriptor, and whether it goes past the page cache: not every file system can."""
    with contextlib.suppress(OSError):
        return os.open(path, os.O_RDONLY | os.O_DIRECT), True
    return os.open(path, os.O_RDONLY), False
