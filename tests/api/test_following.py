"""Following a run as it happens."""

from __future__ import annotations

import json
import threading
import time

import pytest

from records.repositories import RunEvents, Runs


@pytest.fixture
def run_id(client, paper_ids) -> str:
    return client.post("/v1/questions", json={"question": "How?"}).json()["id"]


def told(response) -> list[tuple[str, str, dict[str, object]]]:
    """The id, name and data of each event of a stream, to its end."""
    found = []
    for block in "".join(response.iter_text()).split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if fields:
            found.append((fields.get("id", ""), fields["event"], json.loads(fields["data"])))
    return found


def test_a_stream_tells_everything_and_ends_with_the_run(client, run_id, database, workspace_id) -> None:
    def work() -> None:
        for stage in ("retrieve", "propose"):
            time.sleep(0.3)
            with database.write() as session:
                RunEvents(session, workspace_id).add(run_id, "progress", {"stage": stage})
        with database.write() as session:
            Runs(session, workspace_id).set_state(run_id, "done")

    worker = threading.Thread(target=work)
    worker.start()
    with client.stream("GET", f"/v1/runs/{run_id}/events/stream") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = told(response)
    worker.join()
    kinds = [(kind, data.get("detail")) for _, kind, data in events]
    assert ("progress", {"stage": "retrieve"}) in kinds
    assert ("progress", {"stage": "propose"}) in kinds
    assert kinds[-1][0] == "end"
    assert kinds[-2][0] == "state"
    ids = [identity for identity, _, _ in events[:-1]]
    assert len(set(ids)) == len(ids)


def test_whoever_was_cut_off_goes_on_behind_what_they_heard(client, run_id, database, workspace_id) -> None:
    with database.write() as session:
        events = RunEvents(session, workspace_id)
        first, second = [events.add(run_id, "progress", {"done": n}).id for n in (1, 2)]
        Runs(session, workspace_id).set_state(run_id, "done")
    with client.stream(
        "GET", f"/v1/runs/{run_id}/events/stream", headers={"Last-Event-ID": first}
    ) as response:
        heard = [identity for identity, _, _ in told(response)]
    assert heard[0] == second


def test_events_are_also_read_a_page_at_a_time(client, run_id, database, workspace_id) -> None:
    with database.write() as session:
        for done in range(3):
            RunEvents(session, workspace_id).add(run_id, "progress", {"done": done})
    page = client.get(f"/v1/runs/{run_id}/events?limit=2").json()
    rest = client.get(f"/v1/runs/{run_id}/events?after={page['next']}").json()
    heard = [row["detail"]["done"] for row in page["items"] + rest["items"] if row["kind"] == "progress"]
    assert heard == [0, 1, 2]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_run_of_nobody_is_no_stream(client) -> None:
    answer = client.get("/v1/runs/00000000-0000-7000-8000-000000000000/events/stream")
    assert (answer.status_code, answer.json()["code"]) == (404, "run_not_found")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_caller_holds_so_many_streams_and_no_more(serving, settings, paper_ids) -> None:
    few = settings.model_copy(update={"api": settings.api.model_copy(update={"streams": 1})})
    client = serving(few)
    run_id = client.post("/v1/questions", json={"question": "How?"}).json()["id"]
    path = f"/v1/runs/{run_id}/events/stream"
    with client.stream("GET", path) as held:
        assert held.status_code == 200
        refused = client.get(path)
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_streams")
