"""A worker that has nothing to do gives back what its jobs have loaded, and goes on working."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from records.repositories import Jobs
from workers.orders import KEEPING, task_name

ROOT = Path(__file__).parents[2]


@pytest.fixture
def worker(database_url: str, broker_url: str, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        **os.environ,
        "TOUCHSTONE_DATABASE_URL": database_url,
        "TOUCHSTONE_BROKER__URL": broker_url,
        "TOUCHSTONE_DATA_DIR": str(tmp_path),
        "TOUCHSTONE_WORKER__REST_S": "2",
        "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}",
    }
    command = [sys.executable, "-m", "celery", "--app", "hoarding_worker", "worker", "--beat"]
    with (tmp_path / "worker.log").open("wb") as log:
        started = subprocess.Popen(
            [*command, "--concurrency", "2"], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    yield started
    os.killpg(started.pid, signal.SIGKILL)
    started.wait()


def children(pid: int) -> dict[int, float]:
    """With their resident memory, MB."""
    found = {}
    for child in map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()):
        try:
            told = Path(f"/proc/{child}/status").read_text()
        except OSError:
            continue  # it has just ended
        found[child] = sum(int(line.split()[1]) for line in told.splitlines() if "VmRSS" in line) / 1000
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_memory_is_given_back_when_there_is_nothing_to_do(
    worker, database, workspace_id, wait_until, tmp_path
):
    def done() -> bool:
        with database.write() as session:
            job_id = Jobs(session).enqueue(workspace_id, kind, KEEPING, {}, task_name(kind)).id
        wait_until(lambda: state(job_id) == "done", 30, (tmp_path / "worker.log").read_text)
        return True

    def state(job_id: str) -> str:
        with database.read() as session:
            return Jobs(session).get(job_id).state

    kind = "take_much"
    for _ in range(2):  # and again, with the children that took the place of the first
        assert done()
        assert max(children(worker.pid).values()) > 300
        wait_until(lambda: max(children(worker.pid).values()) < 200, 30, lambda: str(children(worker.pid)))
