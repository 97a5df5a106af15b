"""Files that are whole, or not there: stopped at any moment, none is left half written under its name."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any


class Part:
    """A path to write to; it becomes the wanted file at the end, and is on the disk by then."""

    def __init__(self, path: Path) -> None:
        self._path, self._part = path, path.with_name(path.name + ".part")

    def __enter__(self) -> Path:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return self._part

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            sync(self._part)
            self._part.replace(self._path)


def write_json(path: Path, content: dict[str, Any]) -> None:
    with Part(path) as part:
        part.write_text(json.dumps(content, indent=1))


def sync(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
