"""PostgreSQL is restarted under workers that are at work."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from bench.servers import PostgreSQL
from records.database import Database
from records.errors import Failure


@pytest.fixture
def postgresql() -> Iterator[PostgreSQL]:
    with TemporaryDirectory(prefix="touchstone-postgresql-") as folder:
        Path(folder).chmod(0o755)  # another user has to be able to walk into it
        server = PostgreSQL(Path(folder) / "cluster")
        server.start()
        yield server
        server.stop()


@pytest.fixture
def database_url(postgresql: PostgreSQL) -> str:
    """In place of the usual one: a cluster of this test alone."""
    database = Database(postgresql.url)
    database.migrate()
    database.close()
    return postgresql.url


def test_a_database_that_restarts_takes_nothing_with_it(yard, postgresql) -> None:
    yard.start_worker(TOUCHSTONE_WORKER__LOSSES="3", TOUCHSTONE_WORKER__PATIENCE_S="3")
    slow = [yard.order("slow") for _ in range(2)]
    yard.until(lambda: len(yard.done()) == 2)  # both are at work
    waiting = [yard.order("echo") for _ in range(4)]
    postgresql.stop()
    with pytest.raises(Failure) as error:
        yard.job(slow[0])
    assert error.value.code == "database_unreachable"
    postgresql.start()
    assert {yard.ended(job_id).state for job_id in (*slow, *waiting)} == {"done"}
