from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, StatementError

from records.database import Database
from records.errors import BadInput, Failure
from records.models import Paper, Passage, Workspace
from records.repositories import Papers, Runs, Workspaces


def names(database: Database) -> list[str]:
    with database.read() as session:
        return sorted(session.scalars(text("SELECT name FROM workspace")))


def test_what_is_written_in_one_transaction_is_kept_whole(database: Database) -> None:
    with database.write() as session:
        session.add_all([Workspace(name="a"), Workspace(name="b")])
    assert names(database) == ["a", "b"]


def test_an_exception_leaves_nothing_behind(database: Database) -> None:
    def half_a_record() -> None:
        with database.write() as session:
            Workspaces(session).get_or_create("half")
            raise KeyError("the caller broke")

    with pytest.raises(KeyError):
        half_a_record()
    assert names(database) == []


def test_a_reader_cannot_write(database: Database) -> None:
    with database.read() as session, pytest.raises(DBAPIError):
        Workspaces(session).get_or_create("sneaked in")
    assert names(database) == []


def test_a_reader_sees_one_state_while_others_write(database: Database) -> None:
    with database.write() as session:
        session.add(Workspace(name="first"))
    with database.read() as session:
        before = session.scalars(text("SELECT name FROM workspace")).all()
        with database.write() as other:
            other.add(Workspace(name="second"))
        assert session.scalars(text("SELECT name FROM workspace")).all() == before == ["first"]


def test_writers_wait_for_each_other_even_when_they_read_first(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        run_id = Runs(session, workspace_id).create("?", "", {}, []).id
    failures: list[BaseException] = []

    def add_entries(writer: int) -> None:
        try:
            for i in range(10):
                with database.write() as session:
                    Runs(session, workspace_id).set_outcome(run_id, {f"{writer}-{i}": i})
        except BaseException as error:
            failures.append(error)
            raise

    writers = [threading.Thread(target=add_entries, args=(writer,)) for writer in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert not failures
    with database.read() as session:
        assert len(Runs(session, workspace_id).get(run_id).outcome) == 40


def test_json_that_is_no_json_is_refused_by_both_databases(database: Database, workspace_id: str) -> None:
    with pytest.raises((StatementError, ValueError), match="not JSON"), database.write() as session:
        Runs(session, workspace_id).create("?", "", {"budget": float("nan")}, [])


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://host/name", "sqlite://", "sqlite:///:memory:"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(BadInput) as caught:
        Database(url)
    assert caught.value.code == "bad_database_url"


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BadInput, match="file") as caught:
        Database(f"sqlite:///{tmp_path}/file/data/touchstone.db")
    assert caught.value.code == "not_writable"
    assert "\n" not in caught.value.message


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "touchstone.db"
    path.write_text("notes that somebody keeps here\n" * 100)
    with pytest.raises(BadInput) as caught:
        Database(f"sqlite:///{path}").migrate()
    assert caught.value.code == "not_a_database"
    assert path.read_text().startswith("notes")


def test_a_server_that_does_not_answer_is_a_failure_that_keeps_the_password_to_itself() -> None:
    database = Database("postgresql://chemist:hunter2@127.0.0.1:1/touchstone")
    with pytest.raises(Failure) as caught:
        database.migrate()
    assert caught.value.code == "database_unreachable"
    assert "hunter2" not in caught.value.message
    assert "\n" not in caught.value.message


FILL_THE_DISK = """
import resource, sys
from records.database import Database
from records.errors import BadInput
from records.models import Paper, Passage
from records.repositories import Papers

url, workspace_id = sys.argv[1:]
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))
try:
    with Database(url).write() as session:
        text = Passage(text="x" * 5_000_000)
        Papers(session, workspace_id).add(Paper(title="t", title_key="t", abstract="", source="f"), [text])
except BadInput as error:
    print(error.code)
    print(error.message)
"""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_full_disk_is_said_in_one_line_and_leaves_the_database_as_it_was(
    database: Database, database_url: str, workspace_id: str
) -> None:
    command = [sys.executable, "-c", FILL_THE_DISK, database_url, workspace_id]
    code, message = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    assert code == "disk_full"
    assert database.place in message
    with database.read() as session:
        assert Papers(session, workspace_id).count() == 0
        assert session.scalar(text("PRAGMA integrity_check")) == "ok"
    assert names(database) == ["local"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_at_its_page_limit_is_a_full_disk_too(database: Database, workspace_id: str) -> None:
    def fill() -> None:
        with database.write() as session:
            session.execute(text("PRAGMA max_page_count=1"))  # SQLite raises it to the present size
            session.add_all(Workspace(name=f"{i:0100}") for i in range(1000))

    with pytest.raises(BadInput) as caught:
        fill()
    assert caught.value.code == "disk_full"
    assert names(database) == ["local"]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("question", "plan", "workspace", "code"),
    [("nul \x00", {}, "w", "bad_text"), ("How?", {}, "w" * 200, "too_long")],
)
def test_what_postgresql_cannot_hold_is_bad_input(
    database: Database, question, plan, workspace, code
) -> None:
    def keep() -> None:
        with database.write() as session:
            tenant = Workspace(name=workspace)
            session.add(tenant)
            session.flush()
            Runs(session, tenant.id).create(question, "", plan, [])

    with pytest.raises(BadInput) as caught:
        keep()
    assert caught.value.code == code
    assert "\n" not in caught.value.message
    assert names(database) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_went_away_is_found_again(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        mine = session.scalar(text("SELECT pg_backend_pid()"))
    other = Database(database.url.render_as_string(hide_password=False))
    with other.write() as session:
        session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
    other.close()
    assert names(database) == ["local"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_passages_that_are_named_are_found_without_reading_all(database: Database) -> None:
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("lab").id
        paper = Paper(title="Gels", title_key="gels", abstract="", source="notes.jsonl")
        Papers(session, workspace_id).add(paper, [Passage(text=f"Passage {n}.") for n in range(300)])
    ids = ", ".join(f"'{n}'" for n in range(20))
    plan = f"EXPLAIN QUERY PLAN SELECT text FROM passage WHERE workspace_id = :w AND id IN ({ids})"

    def way() -> str:
        with database.read() as session:
            (step,) = session.execute(text(plan), {"w": workspace_id}).all()
        return str(step.detail)

    assert "(id=?)" not in way()
    database.optimize()
    assert "(id=?)" in way()
