"""Parsed papers on disk: what waits to be kept takes no memory, however much it is."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from knowledge.keeping import Told


class Spool:
    """Papers in the order in which they were put in; a temporary file that nobody else can open."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="touchstone-")  # noqa: SIM115  # closed by __exit__
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def put(self, told: Told) -> None:
        pickle.dump(told, self._file, protocol=pickle.HIGHEST_PROTOCOL)
        self.count += 1

    def batches(self, size: int) -> Iterator[list[Told]]:
        """All papers, so many at a time."""
        self._file.seek(0)
        for start in range(0, self.count, size):
            yield [pickle.load(self._file) for _ in range(start, min(start + size, self.count))]
