"""Real workers on a real broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from celery import Celery

from config import BrokerSettings, Settings
from records.database import Database
from records.models import Job
from records.repositories import Jobs
from workers import opened
from workers.bell import ring
from workers.broker import make_app
from workers.orders import KEEPING, task_name

ROOT = Path(__file__).parents[2]


class Yard:
    """Starts workers, gives them jobs, and waits for what comes of those."""

    def __init__(
        self, database: Database, workspace_id: str, environment: dict[str, str], folder: Path
    ) -> None:
        self.database = database
        self.workspace_id = workspace_id
        self.folder = folder
        self.running: list[subprocess.Popen[bytes]] = []
        self._environment = environment
        broker = BrokerSettings(url=environment["TOUCHSTONE_BROKER__URL"])
        self.app: Celery = make_app(Settings(data_dir=folder, broker=broker))

    def start_worker(self, module: str = "trial_worker", **settings: str) -> subprocess.Popen[bytes]:
        """A worker of two children with the schedule, in a process group of its own.

        ``settings``: further environment variables.
        """
        command = [sys.executable, "-m", "celery", "--app", module, "worker", "--beat", "--concurrency", "2"]
        with (self.folder / "worker.log").open("ab") as log:
            worker = subprocess.Popen(
                [*command, "--hostname", f"w{len(self.running)}@%h"],
                cwd=ROOT,
                env=self._environment | settings,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(worker)
        return worker

    def order(self, kind: str, max_attempts: int = 3, request_id: str = "") -> str:
        payload = {"file": str(self.folder / "what-was-done")}
        with self.database.write() as session:
            jobs = Jobs(session)
            job = jobs.enqueue(
                self.workspace_id,
                kind,
                KEEPING,
                payload,
                task_name(kind),
                max_attempts=max_attempts,
                request_id=request_id,
            )
        ring(self.database, self.app)
        return job.id

    def done(self) -> list[str]:
        path = self.folder / "what-was-done"
        return path.read_text().split() if path.exists() else []

    def job(self, job_id: str) -> Job:
        with self.database.read() as session:
            return Jobs(session).get(job_id)

    def ended(self, job_id: str) -> Job:
        """The job, once it is done or dead."""
        self.until(lambda: self.job(job_id).state in ("done", "dead"))
        return self.job(job_id)

    def until(self, condition: Callable[[], bool], seconds: float = 60, *, supervised: bool = False) -> None:
        """Wait for it; ``supervised``: as a service manager does, start a worker again that has ended."""
        give_up = time.monotonic() + seconds
        while not condition():
            if supervised and self.running[-1].poll() is not None:
                self.start_worker()
            if time.monotonic() > give_up:
                raise AssertionError(f"it never came to pass; the worker said:\n{self.log()}")
            time.sleep(0.05)

    def log(self) -> str:
        path = self.folder / "worker.log"
        return path.read_text()[-5000:] if path.exists() else ""


def kill(worker: subprocess.Popen[bytes]) -> None:
    """The worker and its children, at once and without a word."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@pytest.fixture
def yard(
    database: Database, database_url: str, workspace_id: str, broker_url: str, tmp_path: Path
) -> Iterator[Yard]:
    environment = {
        **os.environ,
        "TOUCHSTONE_DATABASE_URL": database_url,
        "TOUCHSTONE_BROKER__URL": broker_url,
        "TOUCHSTONE_DATA_DIR": str(tmp_path / "data"),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}",
        "TOUCHSTONE_LOG_LEVEL": "INFO",
        "TOUCHSTONE_WORKER__LOSSES": "0",
        "OMP_NUM_THREADS": "1",
    }
    (tmp_path / "data").mkdir()
    opened = Yard(database, workspace_id, environment, tmp_path)
    yield opened
    for worker in opened.running:
        if worker.poll() is None:
            kill(worker)
    opened.app.close()


@pytest.fixture
def kill_worker() -> Callable[[subprocess.Popen[bytes]], None]:
    return kill


@pytest.fixture
def here(
    database: Database, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Handlers called in this process find this test's database; the settings that they are given."""
    monkeypatch.setenv("TOUCHSTONE_DATABASE_URL", database_url)
    monkeypatch.setenv("TOUCHSTONE_DATA_DIR", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    opened.database.cache_clear()
    yield Settings()
    opened.shelf.close_all()
    opened.database().close()
    opened.database.cache_clear()
