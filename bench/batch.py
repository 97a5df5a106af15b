"""A batch of campaigns on two cores: ``python -m bench.batch [--campaigns 1000] [--candidates 64]``.

Hands in one batch of campaigns with twelve results each, has one worker of two children rank it, and prints
how long that took and how much of two cores it used, on SQLite and on PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from celery import Celery

from bench.servers import Mode, Yard, until
from config import BrokerSettings, Settings
from records.database import Database
from records.repositories import Batches, Workspaces
from workers.bell import ring
from workers.broker import make_app
from workers.campaigns import handed
from workers.orders import order_batch

CORES = 2
RESULTS = 12
TRAITS = ("salt", "gel", "membrane", "carbon", "alcohol", "copper", "polymer", "acid")
TICKS = os.sysconf("SC_CLK_TCK")


def campaign(number: int, candidates: int) -> dict[str, Any]:
    """Candidates with traits, a setting and a prior, some of them measured."""
    draw = random.Random(number)
    pool: list[dict[str, Any]] = [
        {
            "id": f"c{place}",
            "traits": draw.sample(TRAITS, 3),
            "features": {"temperature": draw.uniform(20, 90), "solvent": draw.choice("ABC")},
            "prior": draw.random(),
        }
        for place in range(candidates)
    ]
    measured = draw.sample(pool, min(RESULTS, candidates))
    score = {one["id"]: one["features"]["temperature"] + draw.gauss(0, 5) for one in measured}
    results = [{"id": name, "score": value} for name, value in score.items()]
    return {"name": f"campaign {number}", "candidates": pool, "results": results, "recommend": 5}


def hand_in(database: Database, tasks: Celery, workspace_id: str, campaigns: int, candidates: int) -> str:
    """As the web process does: written down, then the workers are woken."""
    checked = [handed(campaign(number, candidates)) for number in range(campaigns)]
    with database.write() as session:
        batch = Batches(session, workspace_id).create("bench", checked, "bench")
        order_batch(session, workspace_id, batch.id, batch.campaigns)
    ring(database, tasks)
    return batch.id


def family(pid: int) -> Iterator[int]:
    yield pid
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        yield from family(int(child))


def processor_seconds(pid: int) -> float:
    """Of a process and all its living children."""
    total = 0
    for member in family(pid):
        fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def measure(mode: Mode, campaigns: int, candidates: int) -> None:
    with tempfile.TemporaryDirectory(prefix="touchstone-bench-") as folder:
        Path(folder).chmod(0o755)
        yard = Yard(Path(folder), mode)
        try:
            _measure(yard, mode, campaigns, candidates)
        finally:
            yard.close()


def _measure(yard: Yard, mode: Mode, campaigns: int, candidates: int) -> None:
    database = yard.database()
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("local").id

    def done(batch_id: str) -> bool:
        with database.read() as session:
            return Batches(session, workspace_id).get(batch_id).state == "done"

    broker = BrokerSettings(url=yard.environment["TOUCHSTONE_BROKER__URL"])
    tasks = make_app(Settings(data_dir=yard.home, broker=broker))
    worker = yard.worker("worker", CORES, beat=True)
    warm = hand_in(database, tasks, workspace_id, 2 * 32, 8)  # children start and import while this is done
    until(lambda: done(warm), 120)
    busy_before = _machine_busy()
    before = processor_seconds(worker.pid)
    begun = time.monotonic()
    batch_id = hand_in(database, tasks, workspace_id, campaigns, candidates)
    handed_in = time.monotonic() - begun
    until(lambda: done(batch_id), 3600)
    wall = time.monotonic() - begun - handed_in
    used = processor_seconds(worker.pid) - before
    others = _machine_busy() - busy_before - used
    idle = 1 - (used + others) / wall / CORES
    with database.read() as session:
        counts = Batches(session, workspace_id).counts(batch_id)
    assert counts == {"done": campaigns}, counts
    busy = f"{used / wall / CORES:.0%} of {CORES} cores, others {others / wall / CORES:.0%}, idle {idle:.0%}"
    print(
        f"{mode}: {campaigns} campaigns of {candidates} candidates in {wall:.1f} s "
        f"({campaigns / wall:.1f} a second); handed in within {handed_in:.1f} s; "
        f"{busy}"
    )
    tasks.close()
    database.close()


def _machine_busy() -> float:
    """Seconds that all processors of this machine have worked."""
    user, nice, system = Path("/proc/stat").read_text().split()[1:4]
    return (int(user) + int(nice) + int(system)) / TICKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--campaigns", type=int, default=1000)
    parser.add_argument("--candidates", type=int, default=64)
    parser.add_argument("--mode", choices=["sqlite", "postgresql"], action="append")
    given = parser.parse_args()
    for mode in given.mode or ["sqlite", "postgresql"]:
        measure(mode, given.campaigns, given.candidates)


if __name__ == "__main__":
    main()
