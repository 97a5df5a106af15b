"""Logs of the children, kept small: a file that grew too long is copied aside and cut."""

from __future__ import annotations

import shutil
from pathlib import Path

LONGEST = 10 * 1024 * 1024
"""Bytes; with the copy, a child's logs take at most twice as much."""


def trim(logs: Path, longest: int = LONGEST) -> None:
    """Cut every log that is longer; the children go on writing, for they append.

    What a child says between the copy and the cut is lost; that is a matter of milliseconds.
    """
    for log in logs.glob("*.log"):
        if log.stat().st_size > longest:
            shutil.copyfile(log, log.with_suffix(".log.1"))
            with log.open("r+b") as file:
                file.truncate(0)


def tail(log: Path, words: int = 40) -> str:
    """The end of a log as one line."""
    return " ".join(log.read_text(errors="replace").split()[-words:]) if log.exists() else ""
