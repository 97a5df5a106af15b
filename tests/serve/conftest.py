"""The service as its users start it: a process of its own, in a data directory of this test alone."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from records.database import Database
from records.models import Job
from records.repositories import Jobs, Workspaces
from workers.orders import order_retention

COMMAND = Path(sys.executable).with_name("touchstone")


@dataclass
class Service:
    """``touchstone`` in one data directory; ``start`` serves from it."""

    data_dir: Path
    settings: dict[str, str] = field(default_factory=dict)
    url: str = ""
    seconds: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    def run(self, *arguments: object) -> subprocess.CompletedProcess[str]:
        """A command to its end."""
        return subprocess.run(
            [str(COMMAND), *map(str, arguments)],
            env=self.environment(),
            cwd=self.data_dir.parent,
            capture_output=True,
            text=True,
            timeout=100,
        )

    def start(self) -> None:
        """Serve, and wait until it says where."""
        began = time.monotonic()
        with self._said("ab") as output:
            self.process = subprocess.Popen(
                [str(COMMAND), "serve", "--port", "0"],
                env=self.environment(),
                cwd=self.data_dir.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        until(lambda: "is ready at" in self.said() or self.process.poll() is not None, 60)
        found = re.findall(r"is ready at (\S+)", self.said())
        assert found, self.said()
        self.url, self.seconds = found[-1], time.monotonic() - began

    def stop(self) -> float:
        """End it as a service manager does; how many seconds that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        assert code == 0, self.said()
        return time.monotonic() - began

    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
        kept |= {"TOUCHSTONE_DATA_DIR": str(self.data_dir), "COLUMNS": "200", "OMP_NUM_THREADS": "1"}
        return kept | {f"TOUCHSTONE_{name}": value for name, value in self.settings.items()}

    def said(self) -> str:
        return (self.data_dir.parent / "said").read_text()

    def _said(self, mode: str) -> IO[Any]:
        return (self.data_dir.parent / "said").open(mode)

    def processes(self) -> dict[int, str]:
        """Every process of this machine that works in the data directory, with its command line."""
        found = {}
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == os.getpid():
                continue
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                environment = (entry / "environ").read_bytes().decode(errors="replace")
            except OSError:
                continue  # it has just ended
            if command and str(self.data_dir) in command + environment:  # a zombie has neither
                found[int(entry.name)] = command.strip()
        return found

    def part(self, sign: str) -> list[int]:
        """The processes whose command line has this in it; a parent before its children."""
        return sorted(pid for pid, command in self.processes().items() if sign in command)

    def ready(self) -> bool:
        try:
            return httpx.get(f"{self.url}/ready", timeout=2).is_success
        except httpx.HTTPError:
            return False

    def broker_url(self) -> str:
        return str(json.loads((self.data_dir / "serve.lock").read_text())["broker_url"])

    def order(self) -> str:
        """Have the workers do a job; without ringing for it, so the schedule must."""
        database = self.database()
        with database.write() as session:
            workspace_id = Workspaces(session).get_or_create("local").id
            job_id = order_retention(session, workspace_id).id
        database.close()
        return job_id

    def job(self, job_id: str) -> Job:
        database = self.database()
        with database.read() as session:
            job = Jobs(session).get(job_id)
        database.close()
        return job

    def does_jobs(self, seconds: float = 30) -> None:
        """Fail unless a job that is ordered now gets done."""
        job_id = self.order()
        until(lambda: self.job(job_id).state == "done", seconds, self.said)

    def database(self) -> Database:
        return Database(f"sqlite:///{self.data_dir / 'touchstone.db'}")


def until(condition: Callable[[], bool], seconds: float, said: Callable[[], str] = lambda: "") -> None:
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, f"it never came to pass; {said()}"
        time.sleep(0.05)


def ended(service: Service) -> None:
    if service.process is not None and service.process.poll() is None:
        service.process.terminate()
        service.process.wait(timeout=20)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Not started yet; what it has started is ended after the test."""
    made = Service(tmp_path / "data")
    yield made
    ended(made)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that serves, for tests that leave it serving."""
    made = Service(tmp_path_factory.mktemp("serving") / "data")
    made.start()
    yield made
    ended(made)


@pytest.fixture
def wait_until() -> Callable[..., None]:
    return until


@pytest.fixture
def free_ports() -> tuple[int, int]:
    """Two ports on which nobody listens."""
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return one.getsockname()[1], other.getsockname()[1]


@pytest.fixture
def free_address(free_ports: tuple[int, int]) -> str:
    """Where nobody answers."""
    return f"127.0.0.1:{free_ports[0]}"
