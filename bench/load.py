"""Fifty people at one embedded service: ``python -m bench.load [--clients 50] [--seconds 120]``.

Fills a database with 100,000 hypotheses, starts ``touchstone serve`` on it, and has each client ask about
once a second (waiting times are exponential): nine requests in ten read, one in ten writes. Prints how long
answers took. With ``--flat-out`` clients do not pause, which measures the throughput instead.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from sqlalchemy import insert

from config import Settings
from records.base import new_id, now
from records.database import Database
from records.models import Clause, Experiment, Hypothesis, KeyPoint, Question, Run
from records.repositories import Workspaces

RUNS, EACH = 1_000, 100


@dataclass
class Seen:
    """What the clients saw, by the kind of request."""

    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    statuses: dict[int, int] = field(default_factory=lambda: defaultdict(int))


def fill(database: Database, workspace_id: str) -> list[tuple[str, str]]:
    """Runs of 100 ranked hypotheses each; the ids of runs, each with that of an experiment that waits."""
    made = []
    for number in range(RUNS):
        run_id, ids = new_id(), [new_id() for _ in range(EACH)]
        experiment_id, question_id = new_id(), new_id()
        made.append((run_id, experiment_id))
        with database.write() as session:
            base = {"workspace_id": workspace_id, "created_at": now()}
            session.execute(insert(Question), [{**base, "id": question_id, "text": f"Question {number}?"}])
            session.execute(insert(Run), [{**base, **_run(run_id, question_id)}])
            rows = [{**base, **_hypothesis(run_id, place, id_)} for place, id_ in enumerate(ids)]
            session.execute(insert(Hypothesis), rows)
            clauses = [
                {
                    "id": new_id(),
                    "hypothesis_id": id_,
                    "position": place,
                    "kind": kind,
                    "text": f"{kind} of it",
                }
                for id_ in ids
                for place, kind in enumerate(("proposal", "mechanism", "prediction"))
            ]
            session.execute(insert(Clause), clauses)
            points = [
                {
                    "id": new_id(),
                    "hypothesis_id": id_,
                    "position": place,
                    "name": f"trait {place}",
                    "role": "x",
                }
                for id_ in ids
                for place in range(4)
            ]
            session.execute(insert(KeyPoint), points)
            waiting = {**base, "id": experiment_id, "run_id": run_id, "hypothesis_id": ids[0], "sequence": 1}
            session.execute(insert(Experiment), [{**waiting, "recommended_by": "surrogate"}])
    return made


def _run(run_id: str, question_id: str) -> dict[str, object]:
    standings = [
        {
            "position": place,
            "rank": place + 1,
            "mean": 1.0 - place / EACH,
            "sd": 0.1,
            "p_best": 1 / EACH,
            "expected_improvement": 0.01,
            "tested": 0,
            "failed": 0,
        }
        for place in range(EACH)
    ]
    plan = {"laboratory": {"kind": "human", "label": "human"}, "hypotheses": EACH, "budget": 10}
    # Paused: what is written into it is kept, and no worker takes it up.
    return {
        "id": run_id,
        "question_id": question_id,
        "state": "paused",
        "plan": plan,
        "outcome": {"standings": standings},
    }


def _hypothesis(run_id: str, place: int, identity: str) -> dict[str, object]:
    return {
        "id": identity,
        "run_id": run_id,
        "position": place,
        "title": f"Salt {place} widens the thermopower",
        "statement": f"Salt {place} crystallises one of the two ions of the couple and so widens the gap.",
        "reasoner": "extractive",
    }


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, str]]:
    """The address and a key of an embedded service on this folder."""
    environment = os.environ | {"TOUCHSTONE_DATA_DIR": str(folder), "TOUCHSTONE_API__RATE": "10000"}
    command = [str(Path(sys.executable).with_name("touchstone"))]
    key = subprocess.run(
        [*command, "key", "create", "load", "--scope", "write"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()[-1]
    service = subprocess.Popen(
        [*command, "serve", "--port", "0"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert service.stdout is not None
    try:
        for line in service.stdout:
            if "http://" in line:
                yield "http://" + line.split("http://")[1].split()[0].rstrip("/"), key
                break
    finally:
        service.terminate()
        service.wait(timeout=30)


async def client(
    address: str, key: str, made: list[tuple[str, str]], seen: Seen, until: float, pause_s: float, seed: int
) -> None:
    dice = random.Random(seed)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=address, headers=headers, timeout=30) as http:
        while time.monotonic() < until:
            if pause_s:
                await asyncio.sleep(dice.expovariate(1 / pause_s))
            await _ask(http, made, seen, dice)


async def _ask(http: httpx.AsyncClient, made: list[tuple[str, str]], seen: Seen, dice: random.Random) -> None:
    run_id, experiment_id = dice.choice(made)
    reads = {
        "runs": f"/v1/runs?limit=20&after={run_id}",
        "run": f"/v1/runs/{run_id}",
        "hypotheses": f"/v1/runs/{run_id}/hypotheses?limit=20",
        "ranking": f"/v1/runs/{run_id}/ranking",
        "next": f"/v1/runs/{run_id}/next",
    }
    started = time.perf_counter()
    if dice.random() < 0.9:
        name = dice.choice(list(reads))
        answer = await http.get(reads[name])
    else:
        name = "submission"
        result = {"score": dice.random(), "replicate": dice.randrange(10_000)}
        answer = await http.post(f"/v1/experiments/{experiment_id}/results", json=result)
    seen.seconds[name].append(time.perf_counter() - started)
    seen.statuses[answer.status_code] += 1


async def crowd(
    address: str, key: str, made: list[tuple[str, str]], clients: int, seconds: float, pause_s: float
) -> Seen:
    seen = Seen()
    until = time.monotonic() + seconds
    await asyncio.gather(*(client(address, key, made, seen, until, pause_s, seed) for seed in range(clients)))
    return seen


def shown(seen: Seen, seconds: float) -> dict[str, object]:
    reads = [one for name, many in seen.seconds.items() if name != "submission" for one in many]
    kinds = {"all reads": reads, **seen.seconds}
    return {
        "requests_per_second": round(sum(map(len, seen.seconds.values())) / seconds, 1),
        "statuses": dict(seen.statuses),
        "milliseconds": {
            name: {
                "count": len(many),
                **{f"p{q}": round(float(np.percentile(many, q)) * 1000, 1) for q in (50, 95, 99)},
            }
            for name, many in sorted(kinds.items())
            if many
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--flat-out", action="store_true", help="clients do not pause between requests")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="touchstone-load-") as place:
        settings = Settings(data_dir=Path(place))
        database = Database(settings.database)
        database.migrate()
        with database.write() as session:
            workspace_id = Workspaces(session).get_or_create(settings.workspace).id
        started = time.perf_counter()
        made = fill(database, workspace_id)
        database.close()
        print(f"{RUNS * EACH:,} hypotheses in {time.perf_counter() - started:.0f} s", file=sys.stderr)
        with serving(Path(place)) as (address, key):
            pause = 0.0 if given.flat_out else 1.0
            seen = asyncio.run(crowd(address, key, made, given.clients, given.seconds, pause))
        print(json.dumps(shown(seen, given.seconds), indent=1))


if __name__ == "__main__":
    main()
