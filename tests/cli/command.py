"""What the tests of the command share: the process, what it said, and what it wrote."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warm import Started, Warm

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo"
COMMAND = Path(sys.executable).with_name("touchstone")
QUESTION: str = json.loads((DEMO / "question.json").read_text())["question"]
SIMULATED = ("--lab", f"simulated:{DEMO / 'ground_truth.json'}", "--hypotheses", "4", "--budget", "3")


@dataclass(frozen=True)
class Finished:
    code: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """What standard error says, besides the stages of the work ("Reading papers …") that began."""
        return "\n".join(line for line in self.err.splitlines() if not line.endswith("…"))

    @property
    def run_id(self) -> str:
        found = run_id_in(self.err)
        assert found, self.err
        return found


def run_id_in(text: str) -> str | None:
    found = re.search(r"^Run ([0-9a-f-]{36}) ", text, re.MULTILINE)
    return found and found.group(1)


@dataclass
class Installation:
    """A data directory and the command that works in it; call it with the command's arguments."""

    data_dir: Path
    warm: Warm
    settings: dict[str, str] = field(default_factory=dict)
    """Further settings, by the names of their variables without the prefix."""

    def __call__(self, *arguments: object, largest_file: int | None = None, **settings: str) -> Finished:
        """Run to the end. With ``largest_file``, files cannot grow beyond so many bytes: writes fail as on a
        full disk."""
        started = self.begin(*arguments, largest_file=largest_file, **settings)
        out, err = started.communicate(timeout=250)
        return Finished(started.wait(), out, err)

    def begin(self, *arguments: object, largest_file: int | None = None, **settings: str) -> Started:
        """Start it, and do not wait."""
        return self.warm.start(arguments, self._environment(settings), self.data_dir.parent, largest_file)

    def script(self, *arguments: object) -> Finished:
        """The command as a shell starts it, with nothing imported yet."""
        done = subprocess.run(
            [str(COMMAND), *map(str, arguments)],
            env=self._environment({}),
            cwd=self.data_dir.parent,
            capture_output=True,
            text=True,
            timeout=250,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def _environment(self, settings: dict[str, str]) -> dict[str, str]:
        given = {"DATA_DIR": str(self.data_dir), **self.settings, **settings}
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
        # One thread: the tests' two cores are the command's, its index server's and the tests' own.
        kept |= {"COLUMNS": "120", "OMP_NUM_THREADS": "1"}
        return kept | {f"TOUCHSTONE_{name}": value for name, value in given.items()}

    def dump(self) -> list[str]:
        """Every row of the database, as SQL."""
        path = self.data_dir / "touchstone.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(path)) as connection:
            return list(connection.iterdump())

    def count(self, table: str) -> int:
        """Rows of a table."""
        with closing(sqlite3.connect(self.data_dir / "touchstone.db")) as connection:
            (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
            return int(found)


@dataclass(frozen=True)
class Whole:
    """A run that nothing has disturbed."""

    installation: Installation
    finished: Finished
    out: Path
    seconds: float


def document(folder: Path, name: str = "run.json") -> dict[str, Any]:
    """The run as its file tells it."""
    told: dict[str, Any] = json.loads((folder / name).read_text())
    return told


def ranking(folder: Path) -> list[tuple[Any, ...]]:
    """The hypotheses, best first, with all that was measured; without ids and times."""
    return [
        (
            one["rank"],
            one["statement"],
            (one["mean"], one["sd"], one["p_best"]),
            [(result["sequence"], result["score"], result["status"]) for result in one["results"]],
        )
        for one in sorted(document(folder)["hypotheses"], key=lambda one: (one["rank"], one["position"]))
    ]
