from __future__ import annotations

from uuid import uuid4

import pytest

from records.repositories import Audit, Jobs, Runs, Workspaces


@pytest.fixture
def run_id(client, paper_ids) -> str:
    simulated = {"kind": "simulated", "truth": {"key_points": [{"name": "the answer", "weight": 1}]}}
    asked = client.post("/v1/questions", json={"question": "How?", "plan": {"laboratory": simulated}})
    return asked.json()["id"]


def test_a_fresh_run_has_nothing_to_show_yet(client, run_id) -> None:
    seen = client.get(f"/v1/runs/{run_id}").json()
    assert (seen["state"], seen["papers"], seen["experiments"], seen["best"]) == ("created", 2, [], None)
    assert client.get(f"/v1/runs/{run_id}/hypotheses").json() == {"hypotheses": []}


def test_the_hidden_truth_stays_hidden(client, run_id) -> None:
    answer = client.get(f"/v1/runs/{run_id}")
    assert answer.json()["plan"]["laboratory"] == {"kind": "simulated", "label": "simulated:inline"}
    assert "the answer" not in answer.text


def test_hypotheses_come_best_first_with_their_evidence(client, run_id, propose) -> None:
    ids, experiment_id = propose(run_id)
    seen = client.get(f"/v1/runs/{run_id}").json()
    assert (seen["state"], seen["best"]) == ("waiting", "Guanidine")
    assert [experiment["id"] for experiment in seen["experiments"]] == [experiment_id]
    first, second = client.get(f"/v1/runs/{run_id}/hypotheses").json()["hypotheses"]
    assert (first["id"], first["rank"], first["mean"]) == (ids[1], 1, 0.7)
    assert (second["id"], second["rank"]) == (ids[0], 2)
    assert first["clauses"][0]["evidence"][0]["quote"] == "Gels"


def test_a_chemists_result_is_kept_and_the_run_goes_on(
    client, run_id, propose, database, workspace_id
) -> None:
    _, experiment_id = propose(run_id)
    path = f"/v1/runs/{run_id}/experiments/{experiment_id}/results"
    answer = client.post(
        path, json={"score": 3.7, "sem": 0.2, "unit": "mV/K", "source": "Ada", "note": "dry"}
    )
    assert answer.status_code == 201
    assert answer.json()["state"] == "done"
    (result,) = client.get(f"/v1/runs/{run_id}").json()["experiments"][0]["results"]
    assert (result["score"], result["unit"], result["source"]) == (3.7, "mV/K", "Ada")
    with database.read() as session:
        (event,) = Audit(session, workspace_id).of("experiment", experiment_id)
        assert (event.action, event.detail["score"]) == ("result.entered", 3.7)


def test_a_result_wakes_the_run_unless_it_is_over(
    client, run_id, propose, database, workspace_id, jobs_of
) -> None:
    _, experiment_id = propose(run_id)
    path = f"/v1/runs/{run_id}/experiments/{experiment_id}/results"
    client.post(path, json={"score": 1.0, "source": "Ada"})
    assert len(jobs_of(run_id)) == 2  # the question's and this one
    with database.write() as session:
        Runs(session, workspace_id).set_state(run_id, "done")
    client.post(path, json={"score": 1.0, "source": "Ada", "replicate": 1})
    assert len(jobs_of(run_id)) == 2


def test_a_failure_is_a_result_too(client, run_id, propose) -> None:
    _, experiment_id = propose(run_id)
    path = f"/v1/runs/{run_id}/experiments/{experiment_id}/results"
    answer = client.post(path, json={"status": "failed", "source": "Ada", "note": "it gelled"})
    assert answer.json()["state"] == "failed"


def test_the_same_result_again_is_fine_and_another_is_a_conflict(client, run_id, propose) -> None:
    _, experiment_id = propose(run_id)
    path = f"/v1/runs/{run_id}/experiments/{experiment_id}/results"
    for _ in range(2):
        assert client.post(path, json={"score": 3.7, "source": "Ada"}).status_code == 201
    answer = client.post(path, json={"score": 9.9, "source": "Ada"})
    assert (answer.status_code, answer.json()["code"]) == (409, "result_conflict")


@pytest.mark.parametrize(
    "result",
    [
        {"source": "Ada"},
        {"score": 1.0},
        {"score": "NaN", "source": "Ada"},
        {"score": 1.0, "sem": -1, "source": "Ada"},
        {"status": "failed", "score": 1.0, "source": "Ada"},
        {"score": 1.0, "source": " "},
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_is_no_result_is_refused(client, run_id, propose, result) -> None:
    _, experiment_id = propose(run_id)
    path = f"/v1/runs/{run_id}/experiments/{experiment_id}/results"
    assert client.post(path, json=result).status_code == 422
    assert client.get(f"/v1/runs/{run_id}").json()["experiments"][0]["state"] == "pending"


def test_ids_of_nothing_are_404(client, run_id, propose, paper_ids) -> None:
    _, experiment_id = propose(run_id)
    other = client.post("/v1/questions", json={"question": "Another?"}).json()["id"]
    for path in (f"/v1/runs/{uuid4()}", f"/v1/runs/{uuid4()}/hypotheses"):
        assert client.get(path).status_code == 404
    for path in (
        f"/v1/runs/{run_id}/experiments/{uuid4()}/results",
        f"/v1/runs/{other}/experiments/{experiment_id}/results",
    ):
        answer = client.post(path, json={"score": 1.0, "source": "Ada"})
        assert (answer.status_code, answer.json()["code"]) == (404, "experiment_not_found")


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


@pytest.fixture
def jobs_of(database):
    def jobs(run_id: str) -> list[str]:
        with database.read() as session:
            return [job.id for job in Jobs(session).recent() if job.payload["run_id"] == run_id]

    return jobs
