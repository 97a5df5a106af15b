"""A question over HTTP, a real worker, and a chemist who enters what was measured."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from config import Settings
from knowledge import open_library

ROOT = Path(__file__).parents[2]


@pytest.fixture
def library(settings: Settings, database, workspace_id) -> None:
    """The demo's literature, ingested."""
    with open_library(settings, database, workspace_id) as opened:
        opened.ingest([ROOT / "demo" / "literature.jsonl"])


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_question_is_answered_with_a_chemist_at_the_bench(
    client: httpx.Client, library: None, worker_log: Path
) -> None:
    def until(condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        give_up = time.monotonic() + 120
        while time.monotonic() < give_up:
            run = client.get(location).json()
            if run["state"] == "failed" or condition(run):
                break
            time.sleep(0.1)
        assert condition(run), f"{run}\n{worker_log.read_text()[-4000:]}"
        return run

    def pending(run: dict[str, Any]) -> list[str]:
        return [experiment["id"] for experiment in run["experiments"] if experiment["state"] == "pending"]

    body = {"question": "How can a gel thermocell give more power?", "plan": {"hypotheses": 6, "budget": 2}}
    location = client.post("/v1/questions", json=body).headers["location"]

    run = until(lambda run: run["state"] == "waiting")
    (first,) = pending(run)
    hypotheses = client.get(f"{location}/hypotheses").json()["items"]
    assert 2 <= len(hypotheses) <= 6
    assert all(hypothesis["clauses"] and hypothesis["key_points"] for hypothesis in hypotheses)

    client.post(f"/v1/experiments/{first}/results", json={"score": 3.7, "source": "Ada"})
    run = until(lambda run: run["state"] == "waiting" and pending(run) not in ([], [first]))
    (second,) = pending(run)

    client.post(f"/v1/experiments/{second}/results", json={"status": "failed", "source": "Ada"})
    run = until(lambda run: run["state"] == "done")
    assert [experiment["state"] for experiment in run["experiments"]] == ["done", "failed"]
    ranked = client.get(f"{location}/hypotheses").json()["items"]
    assert [hypothesis["standing"]["rank"] for hypothesis in ranked] == list(range(1, len(ranked) + 1))
    assert run["best"] == ranked[0]["title"]
