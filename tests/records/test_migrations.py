from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from records import migrating
from records.database import Database
from records.errors import BadInput
from records.models import Base
from records.repositories import Workspaces


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = Database(empty_database_url)
    yield database
    database.close()


@pytest.fixture
def connection(empty: Database) -> Iterator[Connection]:
    engine = create_engine(empty.url)
    with engine.begin() as opened:
        yield opened
    engine.dispose()


def test_the_migrations_make_exactly_the_tables_of_the_models(
    empty: Database, connection: Connection
) -> None:
    empty.migrate()
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    assert compare_metadata(context, Base.metadata) == []


def test_what_the_drift_check_is_for(empty: Database, connection: Connection) -> None:
    empty.migrate()
    connection.execute(text("ALTER TABLE run ADD COLUMN forgotten INTEGER"))
    assert compare_metadata(MigrationContext.configure(connection), Base.metadata) != []


def test_a_downgrade_to_base_leaves_no_table(empty: Database, connection: Connection) -> None:
    empty.migrate()
    migrating.downgrade(connection, "base")
    assert inspect(connection).get_table_names() == ["alembic_version"]


def test_migrating_again_changes_nothing(empty: Database) -> None:
    empty.migrate()
    with empty.write() as session:
        Workspaces(session).get_or_create("kept")
    empty.migrate()
    with empty.read() as session:
        assert Workspaces(session).find("kept") is not None


def test_a_database_of_a_newer_version_is_refused(empty: Database, connection: Connection) -> None:
    empty.migrate()
    connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    connection.commit()
    with pytest.raises(BadInput) as caught:
        empty.migrate()
    assert caught.value.code == "newer_database"


def test_the_file_names_give_the_same_head_as_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrating.SCRIPTS))
    assert ScriptDirectory.from_config(config).get_heads() == migrating.known_revisions()[-1:]


MIGRATE = """
import sys
from records.database import Database
Database(sys.argv[1]).migrate()
print("alembic" in sys.modules)
"""


def test_processes_that_start_at_once_agree(empty_database_url: str, empty: Database) -> None:
    command = [sys.executable, "-c", MIGRATE, empty_database_url]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    with empty.read() as session:
        found = session.scalars(text("SELECT version_num FROM alembic_version")).all()
    assert found == migrating.known_revisions()[-1:]


def test_a_current_database_is_opened_without_alembic(empty_database_url: str, empty: Database) -> None:
    empty.migrate()
    command = [sys.executable, "-c", MIGRATE, empty_database_url]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout == "False\n"


def test_rows_of_an_older_version_are_kept(empty: Database) -> None:
    row = {"id": "w", "at": "2026-01-01 00:00:00"}
    engine = create_engine(empty.url)
    with engine.begin() as connection:
        migrating.upgrade(connection, "0001")
        connection.execute(text("INSERT INTO workspace (id, name, created_at) VALUES (:id, 'w', :at)"), row)
        connection.execute(
            text(
                "INSERT INTO job (id, workspace_id, kind, queue, payload, state, attempt, max_attempts,"
                " reason, created_at) VALUES (:id, :id, 'k', 'q', '{}', 'queued', 0, 3, '', :at)"
            ),
            row,
        )
    empty.migrate()
    with engine.connect() as connection:
        kept = connection.execute(text("SELECT state, request_id, result FROM job")).one()
    engine.dispose()
    assert tuple(kept) == ("queued", "", None)
