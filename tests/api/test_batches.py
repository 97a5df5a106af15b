"""Batches over HTTP; the worker's part is done in this process, by its own handler."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from config import Settings
from records.repositories import Jobs, Workspaces
from workers import opened
from workers.kinds.batches import rank_batch
from workers.performing import perform


def campaign(name: str, best: int = 3, **more: Any) -> dict[str, Any]:
    """Eight candidates on a line; those measured say that higher is better up to ``best``."""
    candidates = [{"id": f"c{n}", "features": {"x": float(n)}} for n in range(8)]
    results = [{"id": f"c{n}", "score": -abs(n - best)} for n in (0, best)]
    return {"name": name, "candidates": candidates, "results": results, **more}


@pytest.fixture
def work(database, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    """Do every job that waits, as a worker does."""
    monkeypatch.setattr("workers.kinds.batches.database", lambda: database)
    opened.database.cache_clear()

    def work() -> None:
        with database.read() as session:
            waiting = [job.id for job in Jobs(session).recent(1000) if job.state == "queued"]
        for job_id in reversed(waiting):
            assert perform(database, settings, job_id, rank_batch)

    return work


def test_every_campaign_gets_its_answer(client, work) -> None:
    campaigns = [campaign(f"n{n}", best=n % 7 + 1, recommend=2) for n in range(40)]
    answer = client.post("/v1/batches", json={"name": "forty", "campaigns": campaigns})
    assert answer.status_code == 202
    batch = answer.json()
    assert (batch["state"], batch["counts"]) == ("queued", {"queued": 40})
    work()
    location = answer.headers["location"]
    seen = client.get(location).json()
    assert (seen["state"], seen["counts"], seen["campaigns"]) == ("done", {"done": 40}, 40)
    lines = [json.loads(line) for line in client.get(f"{location}/result").text.splitlines()]
    assert [line["name"] for line in lines] == [f"n{n}" for n in range(40)]
    first = lines[2]["answer"]
    assert len(first["recommendations"]) == 2
    assert not {"c0", "c3"} & set(first["recommendations"])
    order = [one["id"] for one in first["ranking"]]
    assert order.index("c3") < order.index("c0")
    assert set(first["ranking"][0]) == {"id", "mean", "sd", "p_best", "ei"}
    assert {"go_on", "reason"} <= set(first["advice"])


def test_a_bad_campaign_fails_alone_and_says_why(client, work) -> None:
    bad = [
        {"candidates": []},
        campaign("late", results=[{"id": "nobody", "score": 1.0}]),
        {"candidates": [{"id": "a", "text": "only words"}]},
        campaign("policy", policy="guess"),
        campaign("both", results=[{"id": "c0", "score": 1.0, "status": "failed"}]),
        campaign("unknown", colour="red"),
    ]
    location = client.post("/v1/batches", json={"campaigns": [*bad, campaign("good")]}).headers["location"]
    assert client.get(location).json()["counts"]["failed"] == 4  # before any worker saw them
    work()
    assert client.get(location).json()["counts"] == {"failed": 6, "done": 1}
    failed = client.get(f"{location}/campaigns", params={"state": "failed"}).json()["items"]
    reasons = {one["position"]: one["reason"] for one in failed}
    assert "candidates" in reasons[0]
    assert "nobody" in reasons[1]
    assert "vector, traits or features" in reasons[2]
    assert "guess" in reasons[3]
    assert "results/0" in reasons[4]
    assert "colour" in reasons[5]


def test_a_batch_of_bad_campaigns_is_done_at_once(client) -> None:
    answer = client.post("/v1/batches", json={"campaigns": [{"candidates": []}]})
    assert (answer.json()["state"], answer.json()["counts"]) == ("done", {"failed": 1})


def test_campaigns_come_a_page_at_a_time_in_order(client, work) -> None:
    campaigns = [campaign(f"n{n}") for n in range(7)]
    location = client.post("/v1/batches", json={"campaigns": campaigns}).headers["location"]
    first = client.get(f"{location}/campaigns", params={"limit": 5}).json()
    second = client.get(f"{location}/campaigns", params={"limit": 5, "after": first["next"]}).json()
    names = [one["name"] for one in first["items"] + second["items"]]
    assert names == [f"n{n}" for n in range(7)]
    assert second["next"] is None


@pytest.mark.parametrize("packed", [False, True])
def test_a_file_of_json_lines_is_a_batch_too(client, work, packed) -> None:
    text = "\n".join(json.dumps(campaign(f"n{n}")) for n in range(3)) + "\n\nno json\n"
    content = gzip.compress(text.encode()) if packed else text.encode()
    answer = client.post("/v1/batches/file", files={"file": ("../up/pool.jsonl", content)})
    assert (answer.status_code, answer.json()["name"], answer.json()["campaigns"]) == (202, "pool.jsonl", 4)
    work()
    last = client.get(f"{answer.headers['location']}/campaigns", params={"after": 2}).json()["items"]
    assert [(one["state"], one["reason"][:7]) for one in last] == [("failed", "no JSON")]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "empty_file"),
        (b"\n \n", 422, "empty_file"),
        (gzip.compress(b"x" * 400_000_000, 9), 413, "too_large"),
        (gzip.compress(b'{"candidates": []}\n')[:-12], 422, "bad_gzip"),
        (b"\x1f\x8bnonsense", 422, "bad_gzip"),
        (b"{}\n" * 10_001, 413, "too_large"),
    ],
    ids=["empty", "blank", "bomb", "cut off", "damaged", "too many"],
)
def test_a_file_that_is_no_batch_is_refused(client, content, status, code) -> None:
    answer = client.post("/v1/batches/file", files={"file": ("pool.jsonl.gz", content)})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get("/v1/batches").json()["items"] == []


def test_what_is_called_off_keeps_the_answers_it_has(client, work, database, settings) -> None:
    campaigns = [campaign(f"n{n}") for n in range(40)]  # two pieces
    location = client.post("/v1/batches", json={"campaigns": campaigns}).headers["location"]
    with database.read() as session:
        last = Jobs(session).recent(1)[0].id
    perform(database, settings, last, rank_batch)
    cancelled = client.post(f"{location}/cancel").json()
    assert (cancelled["state"], cancelled["counts"]) == ("cancelled", {"done": 8, "cancelled": 32})
    work()  # the other piece finds nothing to do
    assert client.get(location).json()["counts"] == {"done": 8, "cancelled": 32}
    again = client.post(f"{location}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "batch_is_over")


def test_a_batch_of_another_workspace_is_unknown(client, database) -> None:
    from records.repositories import Batches

    with database.write() as session:
        stranger = Workspaces(session).get_or_create("somebody else").id
        batch_id = Batches(session, stranger).create("secret", [], "x").id
    for path in ("", "/campaigns", "/result"):
        assert client.get(f"/v1/batches/{batch_id}{path}").status_code == 404
    assert client.post(f"/v1/batches/{batch_id}/cancel").status_code == 404
    assert client.get("/v1/batches").json()["items"] == []
