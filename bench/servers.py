"""A broker, a database and Touchstone's own processes for the programs here, which may kill them."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import psycopg

from records.database import Database
from workers.commands import beat_command, worker_command
from workers.supervisor.broker import answers, embedded_broker

ROOT = Path(__file__).parents[1]
Mode = Literal["sqlite", "postgresql"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Process:
    """One process in a group of its own, with its output in a file."""

    command: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    user: Mapping[str, Any] = field(default_factory=dict)
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> Process:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                [str(part) for part in self.command],
                cwd=ROOT if not self.user else self.log.parent,
                env={**os.environ, **self.environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self.user,
            )
        return self

    @property
    def alive(self) -> bool:
        return self.running is not None and self.running.poll() is None

    @property
    def pid(self) -> int:
        assert self.running is not None
        return self.running.pid

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """Send it to the whole group, and wait for the first process of it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, how)
        assert self.running is not None
        self.running.wait(timeout=60)


class PostgreSQL:
    """A cluster in a folder; it can be stopped and started again."""

    def __init__(self, home: Path) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parts[-2]))
        if not found:
            raise SystemExit("PostgreSQL's programs are missing; on Debian: apt-get install postgresql")
        user: dict[str, Any] = {}
        home.mkdir(mode=0o755)
        if os.geteuid() == 0:  # it refuses to run as root
            entry = pwd.getpwnam("postgres")
            user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            os.chown(home, entry.pw_uid, entry.pw_gid)
        data, port = home / "data", free_port()
        make: list[str | Path]
        make = [found[-1] / "initdb", "-D", data, "-U", "touchstone", "-A", "trust", "-E", "UTF8", "-N"]
        subprocess.run(make, check=True, capture_output=True, cwd=home, **user)
        command: list[str | Path]
        command = [found[-1] / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", home]
        self.url = f"postgresql://touchstone@127.0.0.1:{port}/postgres"
        self._process = Process(command, home / "log", user=user)

    def start(self) -> None:
        self._process.start()
        until(self._answers, 60)

    def stop(self) -> None:
        self._process.end(signal.SIGINT)  # "fast": whoever is connected is cut off

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True


class Yard:
    """A database of either kind, a broker, and as many workers and web processes as wanted."""

    def __init__(self, home: Path, mode: Mode, **settings: str) -> None:
        self.home = home
        (home / "data").mkdir()
        self.postgresql = PostgreSQL(home / "postgresql") if mode == "postgresql" else None
        if self.postgresql is not None:
            self.postgresql.start()
        self._embedded = embedded_broker(home)
        self.broker = Process(self._embedded.command, home / "broker.log")
        self._start_broker()
        self.environment = {
            "TOUCHSTONE_DATA_DIR": str(home / "data"),
            "TOUCHSTONE_BROKER__URL": self._embedded.url,
            "TOUCHSTONE_DATABASE_URL": self.database_url,
            "OMP_NUM_THREADS": "1",
            **settings,
        }
        self.processes: list[Process] = []

    @property
    def database_url(self) -> str:
        return self.postgresql.url if self.postgresql else f"sqlite:///{self.home / 'data' / 'touchstone.db'}"

    def database(self) -> Database:
        opened = Database(self.database_url)
        opened.migrate()
        return opened

    def worker(self, name: str, concurrency: int, *, beat: bool = False) -> Process:
        return self._add(worker_command(concurrency=concurrency, name=name, beat=beat), name)

    def beat(self, name: str) -> Process:
        return self._add(beat_command(), name)

    def api(self, name: str, port: int) -> Process:
        return self._add([sys.executable, "-m", "api"], name, TOUCHSTONE_SERVER__PORT=str(port))

    def wipe_broker(self) -> None:
        """Kill the broker and start it with nothing in it."""
        self.broker.end()
        shutil.rmtree(self._embedded.home)
        time.sleep(1)
        self._start_broker()

    def _start_broker(self) -> None:
        self._embedded.configure()
        self.broker.start()
        until(lambda: answers(self._embedded.url), 20)

    def close(self) -> None:
        for process in self.processes:
            if process.alive:
                process.end()
        self.broker.end()
        if self.postgresql is not None:
            self.postgresql.stop()

    def _add(self, command: Sequence[str | Path], name: str, **more: str) -> Process:
        process = Process(command, self.home / f"{name}.log", {**self.environment, **more}).start()
        self.processes.append(process)
        return process


def until(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for it (SystemExit if it never comes)."""
    give_up = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up:
            raise SystemExit(f"{condition} did not come to pass in {seconds} seconds")
        time.sleep(0.1)
