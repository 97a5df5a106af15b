"""What a chemist does at the bench, over HTTP."""

from __future__ import annotations

from uuid import uuid4

import pytest

from records.repositories import Audit, Runs

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def run_id(client, paper_ids) -> str:
    return client.post("/v1/questions", json={"question": "How?"}).json()["id"]


@pytest.fixture
def proposed(run_id, propose) -> tuple[list[str], str]:
    """The ids of the run's hypotheses, and of the experiment that waits for the second one."""
    return propose(run_id)


@pytest.fixture
def path(proposed) -> str:
    return f"/v1/experiments/{proposed[1]}/results"


def test_what_to_test_next_comes_with_what_is_expected_of_it(client, run_id, proposed) -> None:
    (waiting,) = client.get(f"/v1/runs/{run_id}/next").json()
    assert (waiting["experiment"]["id"], waiting["title"], waiting["p_best"]) == (
        proposed[1],
        "Guanidine",
        0.8,
    )


def test_a_chemists_result_is_kept_and_the_run_goes_on(
    client, run_id, proposed, path, database, workspace_id
) -> None:
    told = {"score": 3.7, "sem": 0.2, "unit": "mV/K", "source": "Ada", "note": "dry"}
    answer = client.post(path, json={**told, "measured_at": "2026-11-20T10:00:00+01:00"})
    assert answer.status_code == 201
    result = answer.json()
    assert told.items() <= result.items()
    assert (result["entered_by"], result["measured_at"]) == ("key tests", "2026-11-20T09:00:00Z")
    assert client.get(answer.headers["location"]).json() == result
    (experiment,) = client.get(f"/v1/runs/{run_id}/experiments").json()
    assert (experiment["state"], experiment["results"]) == ("done", [result])
    with database.read() as session:
        (event,) = Audit(session, workspace_id).of("result", result["id"])
    assert (event.action, event.detail["now"]["score"]) == ("result.entered", 3.7)


def test_a_result_wakes_the_run_and_one_that_is_over_is_ranked_again(
    client, run_id, path, database, workspace_id, jobs_of
) -> None:
    client.post(path, json={"score": 1.0})
    assert [job.kind for job in jobs_of(run_id)] == ["run_question", "run_question"]
    with database.write() as session:
        Runs(session, workspace_id).set_state(run_id, "done")
    client.post(path, json={"score": 1.0, "replicate": 1})
    assert [job.kind for job in jobs_of(run_id)] == ["rerank", "run_question", "run_question"]


def test_a_failure_is_a_result_too(client, run_id, path) -> None:
    client.post(path, json={"status": "failed", "note": "it gelled"})
    assert client.get(f"/v1/runs/{run_id}/experiments?state=failed").json()[0]["results"][0]["score"] is None


def test_the_same_result_again_is_fine_and_another_is_a_conflict(client, path) -> None:
    for _ in range(2):
        assert client.post(path, json={"score": 3.7}).status_code == 201
    answer = client.post(path, json={"score": 9.9})
    assert (answer.status_code, answer.json()["code"]) == (409, "result_conflict")


@pytest.mark.parametrize(
    "result",
    [
        {},
        {"score": "NaN"},
        {"score": 1.0, "sem": -1},
        {"status": "failed", "score": 1.0},
        {"score": 1.0, "source": " "},
        {"score": 1.0, "measured_at": "2026-11-20T10:00:00"},
        {"score": 1.0, "colour": "red"},
    ],
)
def test_what_is_no_result_is_refused(client, run_id, path, result) -> None:
    assert client.post(path, json=result).status_code == 422
    assert client.get(f"/v1/runs/{run_id}").json()["experiments"][0]["state"] == "pending"


def test_a_correction_names_the_version_that_it_corrects(client, path, database, workspace_id) -> None:
    entered = client.post(path, json={"score": 37.0, "unit": "mV/K"})
    place, first = entered.headers["location"], entered.headers["etag"]
    right = {"score": 3.7, "unit": "mV/K", "source": "Ada"}
    assert client.put(place, json=right).status_code == 428
    amended = client.put(place, json=right, headers={"If-Match": first})
    assert (amended.json()["score"], amended.json()["version"]) == (3.7, 2)
    late = client.put(place, json={"score": 0.37, "source": "Bo"}, headers={"If-Match": first})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert late.json()["current"]["score"] == 3.7
    assert late.headers["etag"] == amended.headers["etag"]
    with database.read() as session:
        events = Audit(session, workspace_id).of("result", amended.json()["id"])
    assert [event.detail["now"]["score"] for event in events] == [37.0, 3.7]
    assert events[1].detail["before"]["score"] == 37.0


def test_a_withdrawn_result_stays_to_be_seen_and_its_experiment_waits_again(client, run_id, path) -> None:
    place = client.post(path, json={"score": 3.7}).headers["location"]
    gone = client.delete(place, headers={"If-Match": "*"})
    assert (gone.json()["status"], gone.json()["score"]) == ("withdrawn", 3.7)
    (experiment,) = client.get(f"/v1/runs/{run_id}/experiments").json()
    assert experiment["state"] == "pending"
    assert client.post(path, json={"score": 3.9}).json()["score"] == 3.9


def test_an_experiment_nobody_will_do_is_abandoned(client, run_id, proposed, path) -> None:
    answer = client.post(f"/v1/experiments/{proposed[1]}/abandon")
    assert answer.json()["state"] == "abandoned"
    assert client.get(f"/v1/runs/{run_id}/next").json() == []


def test_an_experiment_with_a_result_is_not_abandoned(client, proposed, path) -> None:
    client.post(path, json={"score": 1.0})
    answer = client.post(f"/v1/experiments/{proposed[1]}/abandon")
    assert (answer.status_code, answer.json()["code"]) == (409, "experiment_has_results")


def test_a_chemist_tests_what_no_policy_asked_for(client, run_id, proposed) -> None:
    chosen = client.post(f"/v1/runs/{run_id}/experiments", json={"hypothesis_id": proposed[0][0]})
    assert (chosen.status_code, chosen.json()["recommended_by"]) == (201, "key tests")
    again = client.post(f"/v1/runs/{run_id}/experiments", json={"hypothesis_id": proposed[0][0]})
    assert again.json()["id"] == chosen.json()["id"]
    stranger = client.post(f"/v1/runs/{run_id}/experiments", json={"hypothesis_id": str(uuid4())})
    assert stranger.status_code == 404


def enter(client, run_id: str, table: str | bytes):
    return client.post(f"/v1/runs/{run_id}/results", content=table, headers={"content-type": "text/csv"})


def test_many_results_come_as_a_table(client, run_id, proposed) -> None:
    (urea, _), experiment_id = proposed
    table = (
        "experiment_id,hypothesis_id,score,sem,unit,replicate,note\r\n"
        f"{experiment_id},,3.7,0.2,mV/K,0,dry\r\n"
        f"{experiment_id},,3.9,,mV/K,1,\r\n"
        f',{urea},,,,,"gelled, twice"\r\n'
    )
    answer = enter(client, run_id, table)
    assert answer.status_code == 201, answer.text
    assert [(row["status"], row["score"]) for row in answer.json()["results"]] == [
        ("done", 3.7),
        ("done", 3.9),
        ("failed", None),
    ]
    states = [row["state"] for row in client.get(f"/v1/runs/{run_id}/experiments").json()]
    assert sorted(states) == ["done", "failed"]
    # The same table again changes nothing.
    assert enter(client, run_id, table).json() == answer.json()


def test_a_table_with_one_wrong_row_enters_nothing_and_names_it(client, run_id, proposed) -> None:
    _, experiment_id = proposed
    table = f"experiment_id;score\n{experiment_id};3.7\n{experiment_id};high\n{uuid4()};1\n"
    answer = enter(client, run_id, table)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_rows")
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/3/score", "/4"]
    assert client.get(f"/v1/runs/{run_id}/experiments").json()[0]["state"] == "pending"


@pytest.mark.parametrize(
    ("table", "code"),
    [
        ("\n", "missing_column"),
        ("score\n1\n", "missing_column"),
        ("experiment_id,colour\n1,red\n", "unknown_column"),
        ("experiment_id,score,score\n1,2,3\n", "repeated_column"),
        ("experiment_id,score\n", "empty_table"),
        ("experiment_id,score\n1,2,3\n", "ragged_table"),
        (b"experiment_id,score\n\xff,1\n", "not_text"),
    ],
)
def test_what_is_no_table_of_results_is_refused(client, run_id, table, code) -> None:
    answer = enter(client, run_id, table)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
