"""A real server on a real socket, on either database, and what a worker would have written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page

from api.app import create_app
from config import BrokerSettings, Settings
from records.database import Database
from records.first_start import first_start
from records.models import Clause, Evidence, Hypothesis, Job, KeyPoint, Paper, Passage
from records.repositories import Experiments, Hypotheses, Jobs, Papers, Runs, Workspaces
from records.repositories.keys import Keys
from records.secrets import installation_secret

sys.path.insert(0, str(Path(__file__).parent))

from browsing import a_browser_of, another_browser, quiet_page
from desks import NUMBERS, Desk, browsing, newcomer, serving_desk

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(database_url: str, broker_url: str, tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, database_url=database_url, broker=BrokerSettings(url=broker_url))


def api_key(settings: Settings, workspace: str = "local", scopes: Sequence[str] = ("admin",)) -> str:
    """A new key of this workspace, as ``touchstone key create`` makes it."""
    database = Database(settings.database)
    try:
        with database.write() as session:
            workspace_id = Workspaces(session).get_or_create(workspace).id
            keys = Keys(session, workspace_id)
            return keys.create(installation_secret(settings), "tests", scopes, "tests")[1]
    finally:
        database.close()


@pytest.fixture
def serving() -> Iterator[Callable[[Settings], httpx.Client]]:
    """Start a server with these settings, and give a client of it with an owner's key; all are stopped."""
    running: list[tuple[uvicorn.Server, threading.Thread, httpx.Client]] = []

    def serve(settings: Settings) -> httpx.Client:
        server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="warning"))
        thread = threading.Thread(target=server.run)
        thread.start()
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        key = api_key(settings)
        headers = {"Authorization": f"Bearer {key}"}
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30, headers=headers)
        running.append((server, thread, client))
        return client

    yield serve
    for server, thread, client in running:
        client.close()
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(serving: Callable[[Settings], httpx.Client], settings: Settings) -> httpx.Client:
    return serving(settings)


@pytest.fixture
def tenant(client: httpx.Client, settings: Settings) -> Iterator[Callable[[str], httpx.Client]]:
    """A client with an owner's key of the workspace of this name."""
    opened: list[httpx.Client] = []

    def open_for(workspace: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {api_key(settings, workspace)}"}
        opened.append(httpx.Client(base_url=client.base_url, timeout=30, headers=headers))
        return opened[-1]

    yield open_for
    for one in opened:
        one.close()


@pytest.fixture
def paper_ids(database: Database, workspace_id: str) -> list[str]:
    """Two papers of one passage each: as few as a question can be asked of."""
    with database.write() as session:
        papers = Papers(session, workspace_id)
        return [
            papers.add(
                Paper(title=title, title_key=title, abstract="", source="f"), [Passage(text=f"{title} salts")]
            )
            for title in ("Gels", "Cells")
        ]


@pytest.fixture
def propose(database: Database, workspace_id: str) -> Callable[[str], tuple[list[str], str]]:
    """Write what a worker would: two hypotheses with standings, the first one's experiment pending."""

    def write(run_id: str) -> tuple[list[str], str]:
        with database.write() as session:
            passage = Papers(session, workspace_id).passages()[0]
            quote = Evidence(passage_id=passage.id, quote=passage.text[:4], start=0, end=4)
            rows = [
                Hypothesis(
                    title=title,
                    statement=f"{title} helps.",
                    reasoner="extractive",
                    clauses=[
                        Clause(kind="proposal", text=title, evidence=[quote] if title == "Guanidine" else [])
                    ],
                    key_points=[KeyPoint(name=title, role="salting out")],
                )
                for title in ("Urea", "Guanidine")
            ]
            ids = Hypotheses(session, workspace_id).replace(run_id, rows)
            experiment = Experiments(session, workspace_id).recommend(run_id, 0, ids[1], "surrogate")
            runs = Runs(session, workspace_id)
            untested = {"expected_improvement": 0.1, "tested": 0, "failed": 0}
            standings = [
                {"position": 1, "rank": 1, "mean": 0.7, "sd": 0.1, "p_best": 0.8, **untested},
                {"position": 0, "rank": 2, "mean": 0.4, "sd": 0.2, "p_best": 0.2, **untested},
            ]
            runs.set_outcome(run_id, {"standings": standings})
            runs.set_state(run_id, "waiting")
            return ids, experiment.id

    return write


@pytest.fixture
def jobs_of(database: Database) -> Callable[[str], list[Job]]:
    """The jobs that were ordered for a run, newest first."""

    def jobs(run_id: str) -> list[Job]:
        with database.read() as session:
            return [job for job in Jobs(session).recent() if job.payload.get("run_id") == run_id]

    return jobs


@pytest.fixture
def worker_log(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    """A production worker at work; what it says goes into this file."""
    environment = {
        **os.environ,
        "TOUCHSTONE_DATA_DIR": str(settings.data_dir),
        "TOUCHSTONE_DATABASE_URL": settings.database,
        "TOUCHSTONE_BROKER__URL": settings.broker.url,
    }
    command = [
        sys.executable,
        "-m",
        "celery",
        "--app",
        "workers.app",
        "worker",
        "--beat",
        "--concurrency",
        "1",
    ]
    path = tmp_path / "worker.log"
    with path.open("wb") as log:
        worker = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    yield path
    os.killpg(worker.pid, signal.SIGTERM)
    worker.wait(timeout=30)


@pytest.fixture(scope="module")
def served_desk(
    tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path
) -> Iterator[tuple[str, Settings]]:
    """One server for a module's tests of the desk: each asks a question of its own."""
    with serving_desk(tmp_path_factory.mktemp("desk"), _sqlite_template) as running:
        yield running


@pytest.fixture(scope="module")
def desk_database(served_desk: tuple[str, Settings]) -> Iterator[Database]:
    opened = Database(served_desk[1].database)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def owner(served_desk: tuple[str, Settings], desk_database: Database) -> Iterator[httpx.Client]:
    """The owner's browser."""
    token = first_start(desk_database, served_desk[1])
    assert token is not None
    with browsing(served_desk[0], token) as client:
        yield client


@pytest.fixture(scope="module")
def colleague(
    served_desk: tuple[str, Settings], desk_database: Database, owner: httpx.Client
) -> Iterator[httpx.Client]:
    """Another chemist's browser."""
    with browsing(served_desk[0], newcomer(desk_database, served_desk[1], "cora", "chemist")) as client:
        yield client


@pytest.fixture(scope="module")
def reader(
    served_desk: tuple[str, Settings], desk_database: Database, owner: httpx.Client
) -> Iterator[httpx.Client]:
    """Somebody who may look at the same workspace, and no more."""
    with browsing(served_desk[0], newcomer(desk_database, served_desk[1], "rita", "reader")) as client:
        yield client


@pytest.fixture
def desk(desk_database: Database) -> Desk:
    """A question of its own for each test."""
    return Desk(desk_database, "local", f"thermocell{next(NUMBERS)}")


@pytest.fixture(scope="session")
def browsed(
    tmp_path_factory: pytest.TempPathFactory, _sqlite_template: Path
) -> Iterator[tuple[str, Settings]]:
    """One server for all tests in a browser: each asks a question of its own."""
    with serving_desk(tmp_path_factory.mktemp("browsed"), _sqlite_template) as running:
        yield running


@pytest.fixture(scope="session")
def browsed_database(browsed: tuple[str, Settings]) -> Iterator[Database]:
    opened = Database(browsed[1].database)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def signed_in(
    browsed: tuple[str, Settings], browsed_database: Database, browser: Browser
) -> Iterator[BrowserContext]:
    """The owner's browser."""
    token = newcomer(browsed_database, browsed[1], "owner", "owner")
    with a_browser_of(browser, browsed[0], token) as context:
        yield context


@pytest.fixture
def page(signed_in: BrowserContext) -> Iterator[Page]:
    with quiet_page(signed_in) as opened:
        yield opened


@pytest.fixture
def browsed_desk(browsed_database: Database) -> Desk:
    """A question of its own for each test in a browser."""
    return Desk(browsed_database, "local", f"thermocell{next(NUMBERS)}")


@pytest.fixture
def plain_page(signed_in: BrowserContext, browsed: tuple[str, Settings]) -> Iterator[Page]:
    """The owner's page where no script runs."""
    with another_browser(signed_in, browsed[0], java_script_enabled=False) as context:
        yield context.new_page()
