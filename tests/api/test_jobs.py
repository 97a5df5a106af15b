"""Jobs over HTTP, and what a person may do to them."""

from __future__ import annotations

from uuid import uuid4

import pytest

from records.repositories import Audit, Jobs, Runs, Workspaces
from workers.orders import order_piece, order_run, order_search


@pytest.fixture
def search_job(database, workspace_id) -> str:
    with database.write() as session:
        return order_search(session, workspace_id, "gel", request_id="r-1", created_by="key Ada").id


def bury(database, job_id: str, reason: str = "it cannot be") -> None:
    with database.write() as session:
        jobs = Jobs(session)
        attempt = jobs.claim(job_id, 60)
        assert attempt is not None
        jobs.fail(job_id, attempt, reason, again=False)


def test_a_job_tells_how_far_it_is_and_who_wanted_it(client, search_job) -> None:
    seen = client.get(f"/v1/jobs/{search_job}").json()
    assert (seen["state"], seen["kind"], seen["queue"], seen["attempt"]) == (
        "queued",
        "search",
        "embedding",
        0,
    )
    assert (seen["request_id"], seen["created_by"]) == ("r-1", "key Ada")


def test_a_dead_job_says_why_and_can_be_tried_again(client, database, workspace_id, search_job) -> None:
    bury(database, search_job, "no model")
    (dead,) = client.get("/v1/jobs", params={"state": "dead"}).json()["items"]
    assert (dead["id"], dead["reason"]) == (search_job, "no model")
    answer = client.post(f"/v1/jobs/{search_job}/retry")
    assert (answer.status_code, answer.json()["state"]) == (202, "queued")
    with database.write() as session:
        assert Jobs(session).claim(search_job, 60) == 2  # counted on: an old attempt holds nothing
        assert Audit(session, workspace_id).of("job", search_job)[-1].action == "job.retried"
    again = client.post(f"/v1/jobs/{search_job}/retry")
    assert (again.status_code, again.json()["code"]) == (409, "job_not_ended")


def test_a_run_that_failed_with_its_job_goes_on_with_it(client, database, workspace_id) -> None:
    with database.write() as session:
        run_id = Runs(session, workspace_id).create("How?", "", {}, []).id
        job_id = order_run(session, workspace_id, run_id).id
    bury(database, job_id)
    with database.write() as session:
        Runs(session, workspace_id).set_state(run_id, "failed")
    client.post(f"/v1/jobs/{job_id}/retry")
    with database.read() as session:
        assert Runs(session, workspace_id).get(run_id).state == "created"


def test_a_waiting_job_can_be_called_off_and_is_not_done(client, database, search_job) -> None:
    assert client.post(f"/v1/jobs/{search_job}/cancel").json()["state"] == "cancelled"
    with database.write() as session:
        assert Jobs(session).claim(search_job, 60) is None
    again = client.post(f"/v1/jobs/{search_job}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "job_not_queued")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_part_is_not_called_off_alone(client, database, workspace_id) -> None:
    with database.write() as session:
        job_id = order_piece(session, workspace_id, str(uuid4()), 0, 31).id
    answer = client.post(f"/v1/jobs/{job_id}/cancel")
    assert (answer.status_code, answer.json()["code"]) == (409, "cancel_the_whole")


def test_jobs_come_a_page_at_a_time_newest_first(client, database, workspace_id) -> None:
    with database.write() as session:
        ids = [order_search(session, workspace_id, str(n)).id for n in range(5)]
    first = client.get("/v1/jobs", params={"limit": 3, "kind": "search"}).json()
    second = client.get("/v1/jobs", params={"limit": 3, "after": first["next"]}).json()
    assert [job["id"] for job in first["items"] + second["items"]] == ids[::-1]
    assert second["next"] is None


def test_jobs_of_another_workspace_are_unknown(client, database) -> None:
    with database.write() as session:
        stranger = Workspaces(session).get_or_create("somebody else").id
        job_id = order_search(session, stranger, "secret").id
    assert client.get("/v1/jobs").json()["items"] == []
    for answer in (
        client.get(f"/v1/jobs/{job_id}"),
        client.post(f"/v1/jobs/{job_id}/retry"),
        client.post(f"/v1/jobs/{job_id}/cancel"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")
