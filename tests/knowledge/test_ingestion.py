"""Files into the database: batch by batch, resumable anywhere, what is broken kept as a failure."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from knowledge.ingestion import BATCH, Ingested, ingest_files, unseen
from records.database import Database
from records.errors import BadInput
from records.models import PaperFailure
from records.repositories import Collections, Failures, Papers

MANY = 2 * BATCH + 1
Ingest = Callable[..., Ingested]


@pytest.fixture
def ingest(embedded: Database, embedded_workspace: str) -> Ingest:
    return lambda *files, **how: ingest_files(embedded, embedded_workspace, files, unseen, **how)


@pytest.fixture
def many(tmp_path: Path) -> Path:
    path = tmp_path / "many.jsonl"
    papers = ({"title": f"Gel {i} with a salt", "abstract": f"Number {i}."} for i in range(MANY))
    path.write_text("\n".join(map(json.dumps, papers)))
    return path


@pytest.fixture
def failures(embedded: Database, embedded_workspace: str) -> Callable[[], list[PaperFailure]]:
    def open_ones() -> list[PaperFailure]:
        with embedded.read() as session:
            return Failures(session, embedded_workspace).page(100)

    return open_ones


def dies(url: str, workspace_id: str, path: Path, commit: int) -> bool:
    """Whether a process that reads a file was killed before its so-manieth commit."""

    def work() -> None:
        commits = iter(range(1, 100))

        def count(_: Session) -> None:
            if next(commits) == commit:
                os.kill(os.getpid(), signal.SIGKILL)

        event.listen(Session, "before_commit", count)
        ingest_files(Database(url), workspace_id, [path], unseen)

    process = multiprocessing.get_context("fork").Process(target=work)
    process.start()
    process.join(60)
    return process.exitcode == -signal.SIGKILL


@pytest.mark.parametrize("commit", [1, 2, 3])
def test_killed_before_a_commit_and_read_again_nothing_is_lost_or_doubled(
    embedded: Database, embedded_workspace: str, ingest: Ingest, many: Path, commit: int
) -> None:
    assert dies(str(embedded.url), embedded_workspace, many, commit)
    with embedded.read() as session:
        assert Papers(session, embedded_workspace).count() == (commit - 1) * BATCH
    done = ingest(many)
    assert (done.added, done.known) == (MANY - (commit - 1) * BATCH, (commit - 1) * BATCH)
    assert len(set(done.paper_ids)) == MANY
    with embedded.read() as session:
        assert Papers(session, embedded_workspace).ids() == sorted(done.paper_ids)
    assert ingest(many).added == 0


def test_an_entry_that_is_broken_is_a_failure_until_its_file_is_whole(
    ingest: Ingest, failures, tmp_path: Path
) -> None:
    path = tmp_path / "notes.jsonl"
    path.write_text('{"title": "Gels", "abstract": "A gel."}\n{"title": "Salts"}\n')
    ingest(path)
    (failure,) = failures()
    assert (failure.source, failure.key) == ("file", "notes.jsonl: line 2")
    assert (failure.reason, failure.payload) == ("it has no abstract", {"path": str(path)})
    ingest(path)
    assert failures()[0].attempts == 2
    path.write_text('{"title": "Gels", "abstract": "A gel."}\n{"title": "Salts", "abstract": "A salt."}\n')
    ingest(path)
    assert failures() == []


def test_papers_are_put_into_a_collection_too(
    embedded: Database, embedded_workspace: str, ingest: Ingest, many: Path
) -> None:
    with embedded.write() as session:
        into = Collections(session, embedded_workspace).create("Gels").id
    done = ingest(many, collection_id=into)
    with embedded.read() as session:
        assert Collections(session, embedded_workspace).paper_ids(into) == sorted(done.paper_ids)


def test_a_file_that_turns_out_to_be_no_text_leaves_nothing_behind(
    embedded: Database, embedded_workspace: str, ingest: Ingest, many: Path
) -> None:
    with many.open("ab") as file:
        file.write(b'\n{"title": "\xff"}')
    with pytest.raises(BadInput) as raised:
        ingest(many)
    assert raised.value.code == "not_text"
    with embedded.read() as session:
        assert not Papers(session, embedded_workspace).any()
