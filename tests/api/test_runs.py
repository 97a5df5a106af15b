from __future__ import annotations

from uuid import uuid4

import pytest

from records.repositories import Audit, Runs, Workspaces


@pytest.fixture
def run_id(client, paper_ids) -> str:
    simulated = {"kind": "simulated", "truth": {"key_points": [{"name": "the answer", "weight": 1}]}}
    asked = client.post("/v1/questions", json={"question": "How?", "plan": {"laboratory": simulated}})
    return asked.json()["id"]


def test_a_fresh_run_has_nothing_to_show_yet(client, run_id) -> None:
    seen = client.get(f"/v1/runs/{run_id}").json()
    assert (seen["state"], seen["papers"], seen["experiments"], seen["best"]) == ("created", 2, [], None)
    assert client.get(f"/v1/runs/{run_id}/hypotheses").json() == {"items": [], "next": None}
    assert client.get(f"/v1/runs/{run_id}/ranking").json()["ranking"] == []


def test_the_hidden_truth_stays_hidden(client, run_id) -> None:
    answer = client.get(f"/v1/runs/{run_id}")
    assert answer.json()["plan"]["laboratory"] == {"kind": "simulated", "label": "simulated:inline"}
    assert "the answer" not in answer.text


def test_hypotheses_come_best_first_with_their_evidence(client, run_id, propose) -> None:
    ids, experiment_id = propose(run_id)
    seen = client.get(f"/v1/runs/{run_id}").json()
    assert (seen["state"], seen["best"], seen["hypotheses"]) == ("waiting", "Guanidine", 2)
    assert [experiment["id"] for experiment in seen["experiments"]] == [experiment_id]
    first, second = client.get(f"/v1/runs/{run_id}/hypotheses").json()["items"]
    assert (first["id"], first["standing"]["rank"], first["standing"]["mean"]) == (ids[1], 1, 0.7)
    assert (second["id"], second["standing"]["rank"]) == (ids[0], 2)
    assert first["clauses"][0]["evidence"][0]["quote"] == "Gels"
    assert client.get(f"/v1/hypotheses/{ids[1]}").json()["title"] == "Guanidine"
    ranked = client.get(f"/v1/runs/{run_id}/ranking").json()["ranking"]
    assert [row["hypothesis_id"] for row in ranked] == [ids[1], ids[0]]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_hypotheses_are_turned_over_a_page_at_a_time(client, run_id, propose) -> None:
    ids, _ = propose(run_id)
    first = client.get(f"/v1/runs/{run_id}/hypotheses?limit=1").json()
    second = client.get(f"/v1/runs/{run_id}/hypotheses?limit=1&after={first['next']}").json()
    assert [page["items"][0]["id"] for page in (first, second)] == [ids[1], ids[0]]
    assert second["next"] is None
    nonsense = client.get(f"/v1/runs/{run_id}/hypotheses?after=x")
    assert (nonsense.status_code, nonsense.json()["code"]) == (422, "bad_cursor")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_runs_are_listed_newest_first(client, paper_ids) -> None:
    asked = [client.post("/v1/questions", json={"question": f"{n}?"}).json()["id"] for n in range(5)]
    pages, after = [], ""
    while True:
        page = client.get(f"/v1/runs?limit=2{after}").json()
        pages.append([run["id"] for run in page["items"]])
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert pages == [asked[4:2:-1], asked[2:0:-1], asked[:1]]
    assert client.get("/v1/runs?state=done").json()["items"] == []


def test_a_run_nobody_is_at_work_on_obeys_at_once(client, run_id, propose, jobs_of) -> None:
    propose(run_id)
    assert client.post(f"/v1/runs/{run_id}/pause").json()["state"] == "paused"
    assert client.post(f"/v1/runs/{run_id}/resume").json()["state"] == "created"
    assert len(jobs_of(run_id)) == 2
    assert client.post(f"/v1/runs/{run_id}/cancel").json()["state"] == "cancelled"
    again = client.post(f"/v1/runs/{run_id}/resume")
    assert (again.status_code, again.json()["code"]) == (409, "run_not_resumable")
    over = client.post(f"/v1/runs/{run_id}/cancel")
    assert (over.status_code, over.json()["code"]) == (409, "run_is_over")


def test_a_worker_is_told_what_is_wanted(client, run_id, database, workspace_id) -> None:
    with database.write() as session:
        Runs(session, workspace_id).set_state(run_id, "running")
    told = client.post(f"/v1/runs/{run_id}/pause").json()
    assert (told["state"], told["wanted"]) == ("running", "pause")
    told = client.post(f"/v1/runs/{run_id}/resume").json()
    assert (told["state"], told["wanted"]) == ("running", "")


def test_a_clone_asks_the_same_again_but_for_what_is_changed(
    client, run_id, database, workspace_id, paper_ids
) -> None:
    body = {"seed": 9, "budget": 3, "laboratory": {"kind": "human"}}
    answer = client.post(f"/v1/runs/{run_id}/clone", json=body)
    assert answer.status_code == 202
    seen = client.get(answer.headers["location"]).json()
    assert (seen["question"], seen["cloned_from"], seen["papers"]) == ("How?", run_id, 2)
    assert (seen["plan"]["seed"], seen["plan"]["budget"], seen["plan"]["hypotheses"]) == (9, 3, 24)
    assert seen["plan"]["laboratory"] == {"kind": "human", "label": "human"}
    twin = client.post(f"/v1/runs/{run_id}/clone")
    with database.read() as session:
        runs = Runs(session, workspace_id)
        assert runs.get(twin.json()["id"]).plan == runs.get(run_id).plan


def test_a_run_that_is_over_is_ranked_again_by_another_policy(
    client, run_id, propose, database, workspace_id, jobs_of
) -> None:
    propose(run_id)
    with database.write() as session:
        Runs(session, workspace_id).set_state(run_id, "done")
    assert client.post(f"/v1/runs/{run_id}/rerank", json={"policy": "greedy"}).status_code == 202
    assert [job.kind for job in jobs_of(run_id)] == ["rerank", "run_question"]
    assert client.get(f"/v1/runs/{run_id}").json()["plan"]["policy"] == "greedy"


def test_ids_of_nothing_are_404(client, run_id) -> None:
    for path in (f"/v1/runs/{uuid4()}", f"/v1/runs/{uuid4()}/hypotheses", f"/v1/hypotheses/{uuid4()}"):
        assert client.get(path).status_code == 404


def test_a_run_of_another_workspace_is_404(client, database) -> None:
    with database.write() as session:
        stranger = Workspaces(session).get_or_create("somebody else").id
        run_id = Runs(session, stranger).create("Secret?", "", {}, []).id
    assert client.get(f"/v1/runs/{run_id}").status_code == 404


def test_a_failed_run_says_why(client, run_id, database, workspace_id) -> None:
    with database.write() as session:
        runs = Runs(session, workspace_id)
        runs.set_outcome(run_id, {"failure": "the endpoint does not answer"})
        runs.set_state(run_id, "failed")
    assert client.get(f"/v1/runs/{run_id}").json()["failure"] == "the endpoint does not answer"


def test_who_did_what_to_a_run_is_kept(client, run_id, database, workspace_id) -> None:
    client.post(f"/v1/runs/{run_id}/pause")
    with database.read() as session:
        events = Audit(session, workspace_id).of("run", run_id)
    assert [(event.actor, event.action) for event in events] == [
        ("key tests", "question.asked"),
        ("key tests", "run.paused"),
    ]
