"""Everything dies while 200 jobs are done: ``python -m bench.soak [--jobs 200] [--mode sqlite|postgresql]``.

One client hands in exports and batches over HTTP and repeats what got no answer, with the same
Idempotency-Key. Meanwhile a worker is killed every two seconds (in turn, and started again, as a service
manager does), the broker is killed twice and comes back empty, web processes are killed, and PostgreSQL is
restarted. In the end every job that was accepted has ended once, with one result.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
from sqlalchemy import func, select

from agents.plan import LaboratorySpec, Plan
from bench.servers import Mode, Process, Yard, free_port, until
from config import Settings
from records.database import Database
from records.errors import TouchstoneError
from records.models import Batch, BatchCampaign, Job, StoredFile
from records.repositories import Runs, Workspaces
from records.repositories.keys import Keys
from records.secrets import installation_secret

WORKERS = 3
"""Of two children each; starting takes one of them two seconds or more."""
ROUNDS = 12
"""Workers killed before all other faults have happened and all jobs are handed in."""
CAMPAIGNS = 4
CAMPAIGN = {
    "candidates": [{"id": str(place), "features": {"x": float(place)}} for place in range(16)],
    "results": [{"id": "3", "score": 1.0}, {"id": "9", "score": 2.0}],
}
HASTE = {
    "TOUCHSTONE_WORKER__LEASE_S": "5",
    "TOUCHSTONE_WORKER__PATIENCE_S": "10",
    "TOUCHSTONE_API__RATE": "10000",
    "TOUCHSTONE_LOG_LEVEL": "WARNING",
}
"""So that what was lost is found within seconds instead of minutes; nothing else is other than usual."""


@dataclass
class Faults:
    workers: int = 0
    brokers: int = 0
    apis: int = 0
    databases: int = 0


@dataclass
class Client:
    """Hands in jobs, each under a key of its own, until each was accepted."""

    ports: list[int]
    key: str
    run_id: str
    accepted: int = 0
    repeated: int = 0
    last_trouble: str = ""
    statuses: Counter[int] = field(default_factory=Counter)

    def hand_in_all(self, jobs: int, within_s: float) -> None:
        """Evenly, so that there is work at every fault."""
        for number in range(jobs):
            self.hand_in(number)
            time.sleep(within_s / jobs)

    def hand_in(self, number: int) -> None:
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": str(uuid4())}
        while not self._accepted(number, headers):
            self.repeated += 1
            time.sleep(0.2)
        self.accepted += 1

    def _accepted(self, number: int, headers: dict[str, str]) -> bool:
        base = f"http://127.0.0.1:{self.ports[(number + self.repeated) % len(self.ports)]}/v1"
        body: dict[str, object] = {"format": "json"}
        path = f"/runs/{self.run_id}/exports"
        if number % 2:
            path, body = "/batches", {"campaigns": [CAMPAIGN] * CAMPAIGNS}
        try:
            answer = httpx.post(base + path, json=body, headers=headers, timeout=40)
        except httpx.HTTPError as error:
            self.last_trouble = f"{type(error).__name__}: {error}"
            return False
        self.statuses[answer.status_code] += 1
        if answer.status_code == 409 and answer.json()["code"] == "answer_lost":
            return True  # it was done; only its answer did not come back
        if answer.status_code != 202:
            self.last_trouble = answer.text
        return answer.status_code == 202


@contextmanager
def watched(processes: list[Process]) -> Iterator[None]:
    """Start again whatever ends, as a service manager does."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.2):
            for process in processes:
                if not process.alive:
                    process.start()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def soak(mode: Mode, jobs: int, every_s: float) -> None:
    with tempfile.TemporaryDirectory(prefix="touchstone-soak-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL's own user has to walk into it
        yard = Yard(Path(folder), mode, **HASTE)
        try:
            _soak(yard, mode, jobs, every_s)
        finally:
            yard.close()


def _soak(yard: Yard, mode: Mode, jobs: int, every_s: float) -> None:
    database = yard.database()
    client = _client(yard, database)
    apis = [yard.api(f"api{place}", port) for place, port in enumerate(client.ports)]
    workers = [yard.worker(f"worker{place}", 2) for place in range(WORKERS)]
    beats = [yard.beat(f"beat{place}") for place in range(2)]
    until(lambda: all(_answers(port) for port in client.ports), 60)
    faults, begun = Faults(), time.monotonic()
    with watched([*apis, *workers, *beats]):
        handing = threading.Thread(target=client.hand_in_all, args=(jobs, ROUNDS * every_s))
        handing.start()
        _break(yard, database, workers, apis, faults, every_s, lambda: not handing.is_alive())
        handing.join()
        until(lambda: _waiting(database) == 0, 300)
    seconds = time.monotonic() - begun
    _check(database, jobs, client)
    print(
        f"{mode}: {jobs} jobs ended once each in {seconds:.0f} s, through {faults}; "
        f"{client.repeated} requests repeated, answers {dict(client.statuses)}; "
        f"attempts {_attempts(database)}"
    )
    database.close()


def _client(yard: Yard, database: Database) -> Client:
    """A run to export, a key, and the ports of two web processes."""
    settings = Settings(data_dir=yard.home / "data", database_url=yard.database_url)
    plan = Plan(laboratory=LaboratorySpec(kind="human", label="human")).model_dump(mode="json")
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("local").id
        key = Keys(session, workspace_id).create(installation_secret(settings), "soak", ["admin"], "soak")[1]
        run_id = Runs(session, workspace_id).create("How?", "", plan, []).id
    return Client([free_port(), free_port()], key, run_id)


def _break(
    yard: Yard,
    database: Database,
    workers: list[Process],
    apis: list[Process],
    faults: Faults,
    every_s: float,
    handed_in: Callable[[], bool],
) -> None:
    """A worker every few seconds; something else now and then; until all is handed in, broken and done."""
    for round_ in range(1, 10_000):
        time.sleep(every_s)
        victim = workers[round_ % len(workers)]
        if victim.alive:
            victim.end(signal.SIGKILL)
            faults.workers += 1
        if round_ in (3, 8):
            yard.wipe_broker()
            faults.brokers += 1
        if round_ in (5, 10):
            apis[round_ // 5 - 1].end(signal.SIGKILL)
            faults.apis += 1
        if round_ == 6 and yard.postgresql is not None:
            yard.postgresql.stop()
            time.sleep(1)
            yard.postgresql.start()
            faults.databases += 1
        if round_ > ROUNDS and handed_in() and _waiting(database) == 0:
            return


def _answers(port: int) -> bool:
    with suppress(httpx.HTTPError):
        return httpx.get(f"http://127.0.0.1:{port}/health").is_success
    return False


def _waiting(database: Database) -> int:
    """Jobs that have not ended; -1 while the database does not answer."""
    try:
        with database.read() as session:
            query = select(func.count()).select_from(Job).where(Job.state.in_(("queued", "leased")))
            return session.scalar(query) or 0
    except TouchstoneError:
        return -1


def _check(database: Database, jobs: int, client: Client) -> None:
    """Every job is done, and what it made is there once."""
    with database.read() as session:
        mine = list(session.scalars(select(Job).where(Job.kind.in_(("export", "rank_batch")))))
        files = list(session.scalars(select(StoredFile.id)))
        batches = Counter(session.scalars(select(Batch.state)))
        campaigns = Counter(session.scalars(select(BatchCampaign.state)))
    states = Counter(job.state for job in mine)
    exports, pieces = (jobs + 1) // 2, jobs // 2
    assert client.accepted == jobs, client.last_trouble
    assert states == {"done": jobs}, [job.reason for job in mine if job.state != "done"]
    assert len(files) == exports, len(files)
    assert {job.result["file_id"] for job in mine if job.kind == "export" and job.result} == set(files)
    assert batches == {"done": pieces}, batches
    assert campaigns == {"done": pieces * CAMPAIGNS}, campaigns


def _attempts(database: Database) -> dict[int, int]:
    with database.read() as session:
        mine = Job.kind.in_(("export", "rank_batch"))
        return dict(sorted(Counter(session.scalars(select(Job.attempt).where(mine))).items()))


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that what was started is ended too
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=200)
    parser.add_argument("--mode", choices=["sqlite", "postgresql"], action="append")
    parser.add_argument("--every", type=float, default=2.0, help="seconds between two killed workers")
    given = parser.parse_args()
    for mode in given.mode or ["sqlite", "postgresql"]:
        soak(mode, given.jobs, given.every)


if __name__ == "__main__":
    main()
