"""Several processes in one library at once, and processes that are killed in it."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from config import IndexSettings
from knowledge.index import open_index
from knowledge.vectors import EMBED_BATCH
from records.database import Database
from records.repositories import Papers, Vectors, Workspaces

USER = Path(__file__).with_name("trial_user.py")
MANY = EMBED_BATCH + 20


@pytest.fixture
def data_dir(tmp_path: Path, _sqlite_template: Path, until_gone: Callable[[Path], None]) -> Iterator[Path]:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(_sqlite_template, folder / "touchstone.db")
    yield folder
    until_gone(folder)


def write(path: Path, name: str, count: int) -> Path:
    papers = [{"title": f"{name} {i}", "abstract": f"Number {i} of {name}."} for i in range(count)]
    path.write_text("\n".join(map(json.dumps, papers)))
    return path


def start(data_dir: Path, file: Path, *killed_at: str) -> subprocess.Popen[str]:
    command = [sys.executable, USER, "ingest", data_dir, file, *killed_at]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    said: dict[str, Any] = json.loads(output)
    return said


def killed(process: subprocess.Popen[str]) -> bool:
    process.communicate(timeout=120)
    return process.returncode == -signal.SIGKILL


@contextmanager
def library_of(data_dir: Path) -> Iterator[tuple[str, Papers, Vectors]]:
    """The workspace, its papers and their vectors."""
    database = Database(f"sqlite:///{data_dir / 'touchstone.db'}")
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("local").id
    with database.read() as session:
        yield workspace_id, Papers(session, workspace_id), Vectors(session, workspace_id)
    database.close()


def with_vectors(data_dir: Path) -> tuple[int, int, int]:
    """How many papers and passages there are, and how many of these have a vector."""
    with library_of(data_dir) as (_, papers, vectors):
        passages = len(papers.passages())
        return papers.count(), passages, passages - len(vectors.without("digest"))


def not_found(data_dir: Path) -> list[str]:
    """Passages that are not the nearest to their own vectors."""
    with library_of(data_dir) as (workspace_id, papers, vectors):
        passages = papers.passages()
        kept = vectors.of("digest", [p.id for p in passages])
        with open_index(IndexSettings(), data_dir, workspace_id, "digest") as index:
            rows = index.nearest(np.stack([np.frombuffer(kept[p.id], dtype="<f4") for p in passages]), 1)
            nearest = [row[0][0] for row in rows]
        return [p.text for p, found in zip(passages, nearest, strict=True) if found != p.id]


def test_of_several_that_write_and_search_at_once_each_finds_all_its_vectors(
    data_dir: Path, tmp_path: Path
) -> None:
    files = [write(tmp_path / f"{name}.jsonl", name, 60) for name in ("gel", "salt", "cloth")]
    for process in [start(data_dir, file) for file in files]:
        assert told(process) == {"added": 60, "known": 0, "passages": 60, "lost": []}
    assert with_vectors(data_dir) == (180, 180, 180)
    assert not_found(data_dir) == []


def test_killed_between_transactions_and_run_again_nothing_is_lost_or_doubled(
    data_dir: Path, tmp_path: Path
) -> None:
    file = write(tmp_path / "gel.jsonl", "gel", MANY)
    assert killed(start(data_dir, file, "Embedding passages", str(EMBED_BATCH)))
    assert with_vectors(data_dir) == (MANY, MANY, EMBED_BATCH)
    assert told(start(data_dir, file)) == {"added": 0, "known": MANY, "passages": MANY, "lost": []}
    assert with_vectors(data_dir) == (MANY, MANY, MANY)
