"""Files read past the page cache, so that a memory budget says what is really in memory."""

from __future__ import annotations

import contextlib
import mmap
import os
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

BLOCK = 4096
"""Direct reads begin and end on it, and go into memory that lies on it."""
LARGE = 8 << 20
"""Bytes from which on memory comes in large pages: scattered channels are then found sooner."""
PIECE = 256 << 10
"""Bytes read at once where much is read: with several such reads under way a disk is as fast as it can be."""


def aligned(size: int) -> int:
    """``size`` rounded up to whole blocks."""
    return -(-size // BLOCK) * BLOCK


def buffer(size: int) -> Tensor:
    """``size`` bytes that lie on a block; they take memory only once they are written."""
    memory = mmap.mmap(-1, max(aligned(size), BLOCK), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if size >= LARGE:
        with contextlib.suppress(OSError):  # a kernel built without large pages
            memory.madvise(mmap.MADV_HUGEPAGE)
    return torch.frombuffer(memory, dtype=torch.uint8)[:size]


@dataclass(frozen=True, slots=True)
class ReadCost:
    """What a read takes while others are under way, in seconds."""

    each: float
    """However short it is."""
    byte: float

    @property
    def worth_bridging(self) -> int:
        """Bytes that are read over sooner than another read is begun."""
        return int(self.each / self.byte)


def measure_cost(file: DirectFile, size: int, readers: ThreadPoolExecutor, count: int) -> ReadCost:
    """Of ``file``, ``size`` bytes long, read by ``count`` of ``readers`` at once."""
    short = _seconds(file, size, BLOCK, 64, readers, count)
    long = _seconds(file, size, min(aligned(size) // 2, PIECE), 2 * count, readers, count)
    byte = max(long / min(aligned(size) // 2, PIECE), 1e-12)
    return ReadCost(max(0.0, short - BLOCK * byte), byte)


def _seconds(
    file: DirectFile, size: int, piece: int, reads: int, readers: ThreadPoolExecutor, count: int
) -> float:
    """That one of ``reads`` reads of ``piece`` bytes takes, spread over the file."""
    piece = max(BLOCK, piece // BLOCK * BLOCK)
    blocks = max(1, (size - piece) // BLOCK)
    offsets = [(number * 7919 % blocks) * BLOCK for number in range(reads)]

    def read(mine: list[int]) -> None:
        into = buffer(piece)
        for offset in mine:
            file.read(offset, into)

    began = time.perf_counter()
    list(readers.map(read, [offsets[number::count] for number in range(count)]))
    return (time.perf_counter() - began) / reads


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
