"""Backup and restore, with the service running and without."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tarfile
import time
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from config import Settings
from records.backup import back_up
from records.database import Database
from records.errors import BadInput, Conflict
from records.repositories import Workspaces
from records.restoring import recover, restore


def workspaces(data_dir: Path) -> set[str]:
    with closing(sqlite3.connect(data_dir / "touchstone.db")) as connection:
        return {name for (name,) in connection.execute("SELECT name FROM workspace")}


def add_workspace(url: str, name: str) -> None:
    database = Database(url)
    database.migrate()
    with database.write() as session:
        Workspaces(session).get_or_create(name)
    database.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An installation that keeps a workspace and a secret."""
    made = Settings(data_dir=tmp_path / "data")
    add_workspace(made.database, "kept")
    (made.data_dir / "secrets").mkdir()
    (made.data_dir / "secrets" / "key").write_text("hush")
    return made


def elsewhere(settings: Settings, name: str = "other") -> Settings:
    return settings.model_copy(update={"data_dir": settings.data_dir.parent / name})


def test_a_backup_and_its_restore_while_the_service_runs(service, tmp_path, wait_until):
    service.start()
    add_workspace(f"sqlite:///{service.data_dir / 'touchstone.db'}", "before")
    taken = service.run("backup", tmp_path / "b.tar")
    assert taken.returncode == 0, taken.stderr
    add_workspace(f"sqlite:///{service.data_dir / 'touchstone.db'}", "after")
    pid = service.process.pid

    refused = service.run("restore", tmp_path / "b.tar")
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "--force" in refused.stderr
    assert "after" in workspaces(service.data_dir)

    done = service.run("restore", tmp_path / "b.tar", "--force")
    assert done.returncode == 0, done.stderr
    assert {"before"} == workspaces(service.data_dir) - {"local"}
    assert service.process.pid == pid
    wait_until(service.ready, 30, service.said)
    service.does_jobs()  # and nothing is left of the pause
    assert service.stop() < 10


def test_a_backup_restores_into_a_new_directory(settings, tmp_path):
    made = back_up(settings, tmp_path / "b.tar")
    assert {member.name for member in made.members} == {"touchstone.db", "secrets/key"}
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0
    new = elsewhere(settings)
    restore(new, tmp_path / "b.tar")
    assert workspaces(new.data_dir) == {"kept"}
    assert (new.data_dir / "secrets" / "key").read_text() == "hush"
    assert (new.data_dir / "secrets" / "key").stat().st_mode & 0o077 == 0
    assert not list(tmp_path.glob(".touchstone-backup-*"))


def test_what_was_there_before_a_restore_is_gone_with_its_index(settings, tmp_path):
    back_up(settings, tmp_path / "b.tar")
    add_workspace(settings.database, "later")
    (settings.data_dir / "later.txt").write_text("")
    (settings.data_dir / "chroma").mkdir()
    with pytest.raises(BadInput, match="--force"):
        restore(settings, tmp_path / "b.tar")
    restore(settings, tmp_path / "b.tar", force=True)
    assert workspaces(settings.data_dir) == {"kept"}
    assert {path.name for path in settings.data_dir.iterdir() if path.is_dir()} == {"secrets"}
    assert not (settings.data_dir / "later.txt").exists()


def damaged(path: Path) -> None:
    """One bit of the database's copy is not what it was."""
    with tarfile.open(path) as tar:
        place = tar.getmember("touchstone.db").offset_data + 5000
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def strange(path: Path) -> None:
    path.write_text("no archive at all")


@pytest.mark.parametrize(
    ("spoil", "says"),
    [(damaged, "touchstone.db"), (cut, "tar"), (emptied, "tar"), (strange, "tar"), (Path.unlink, "tar")],
)
def test_a_damaged_backup_is_named_and_nothing_is_restored(settings, tmp_path, spoil, says):
    back_up(settings, tmp_path / "b.tar")
    spoil(tmp_path / "b.tar")
    add_workspace(settings.database, "later")
    with pytest.raises(BadInput, match=says):
        restore(settings, tmp_path / "b.tar", force=True)
    assert workspaces(settings.data_dir) == {"kept", "later"}
    assert not (settings.data_dir / "restoring").exists()


def test_a_backup_that_would_write_elsewhere_is_refused(settings, tmp_path):
    back_up(settings, tmp_path / "b.tar")
    with tarfile.open(tmp_path / "b.tar") as tar:
        tar.extractall(tmp_path / "open", filter="data")
    manifest = tmp_path / "open" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("secrets/key", "../../key"))
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        tar.add(manifest, "manifest.json")
        tar.add(tmp_path / "open" / "touchstone.db", "touchstone.db")
        tar.add(tmp_path / "open" / "secrets" / "key", "../../key")
    with pytest.raises(BadInput, match="outside"):
        restore(elsewhere(settings), tmp_path / "evil.tar")
    assert not (tmp_path.parent / "key").exists()


def test_a_restore_waits_for_nobody_who_still_works_in_the_directory(settings, tmp_path):
    back_up(settings, tmp_path / "b.tar")
    database = Database(settings.database)
    with database.write() as session:  # a command that has the database open
        Workspaces(session).get_or_create("later")
    try:
        with pytest.raises(Conflict, match="still works"):
            restore(settings, tmp_path / "b.tar", force=True)
    finally:
        database.close()
    assert workspaces(settings.data_dir) == {"kept", "later"}


KILLED_BETWEEN = """
import os, signal, sys
from pathlib import Path
from config import Settings
from records import restoring
moves = int(sys.argv[3])
def replace(self, target, _replace=Path.replace):
    global moves
    if moves == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    moves -= 1
    return _replace(self, target)
Path.replace = replace
restoring.restore(Settings(data_dir=Path(sys.argv[1])), Path(sys.argv[2]), force=True)
"""


@pytest.mark.parametrize("moves", range(6))
def test_a_restore_that_is_killed_is_whole_or_has_not_happened(settings, tmp_path, moves):
    back_up(settings, tmp_path / "b.tar")
    add_workspace(settings.database, "later")
    (settings.data_dir / "later.txt").write_text("")
    command = [sys.executable, "-c", KILLED_BETWEEN, settings.data_dir, tmp_path / "b.tar", str(moves)]
    code = subprocess.run([str(part) for part in command], timeout=60).returncode
    assert code in (0, -signal.SIGKILL)
    recover(settings.data_dir)  # as the next start does
    later = (settings.data_dir / "later.txt").exists()
    assert workspaces(settings.data_dir) == ({"kept", "later"} if later else {"kept"})
    assert later == (moves == 0)
    assert not (settings.data_dir / "restoring").exists()


def test_checkpoints_are_never_ahead_of_the_records(settings, tmp_path):
    """Both are written all the time, first the record and then the checkpoint, while backups are taken."""
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(settings.data_dir)])
    try:
        while not (settings.data_dir / "checkpoints.db").exists():
            time.sleep(0.02)
        for round_ in range(5):
            time.sleep(0.1)
            back_up(settings, tmp_path / f"{round_}.tar")
    finally:
        writer.kill()
        writer.wait()
    for round_ in range(5):
        new = elsewhere(settings, f"new{round_}")
        restore(new, tmp_path / f"{round_}.tar")
        assert last(new.data_dir / "checkpoints.db") <= last(new.data_dir / "touchstone.db")
        assert last(new.data_dir / "touchstone.db") > 0


WRITER = """
import sqlite3, sys
names = ("touchstone", "checkpoints")
files = [sqlite3.connect(f"{sys.argv[1]}/{name}.db", isolation_level=None) for name in names]
for file in files:
    file.execute("PRAGMA journal_mode=WAL")
    file.execute("CREATE TABLE step (number INTEGER)")
number = 0
while True:
    number += 1
    for file in files:
        file.execute("INSERT INTO step VALUES (?)", (number,))
"""


def last(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (number,) = connection.execute("SELECT coalesce(max(number), 0) FROM step").fetchone()
        return int(number)


def test_a_postgresql_database_is_backed_up_and_restored(postgresql_server, tmp_path):
    assert shutil.which("pg_dump"), "these tests need PostgreSQL's programs"
    name = f"backup_{os.getpid()}"
    with psycopg.connect(f"{postgresql_server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    settings = Settings(data_dir=tmp_path / "data", database_url=f"{postgresql_server}/{name}")
    settings.data_dir.mkdir()
    add_workspace(settings.database, "kept")
    back_up(settings, tmp_path / "b.tar")
    add_workspace(settings.database, "later")
    with pytest.raises(BadInput, match="--force"):
        restore(settings, tmp_path / "b.tar")
    restore(settings, tmp_path / "b.tar", force=True)
    with psycopg.connect(settings.database) as connection:
        assert connection.execute("SELECT name FROM workspace").fetchall() == [("kept",)]
    with pytest.raises(BadInput, match="postgresql"):
        restore(Settings(data_dir=tmp_path / "other"), tmp_path / "b.tar")
