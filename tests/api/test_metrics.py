from __future__ import annotations

import httpx
import pytest

from config import ApiSettings
from records.models import ModelCall
from records.repositories import Jobs, ModelCalls, Runs
from records.repositories.keys import Keys
from records.secrets import installation_secret
from workers.orders import order_search
from workers.reconcile import reconcile


def figures(text: str) -> dict[str, float]:
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def test_the_figures_are_those_of_the_database_and_of_this_process(client, database, workspace_id) -> None:
    with database.write() as session:
        silent = order_search(session, workspace_id, "gel")
        Jobs(session).claim(silent.id, lease_s=-1)
        order_search(session, workspace_id, "salt")
        runs = Runs(session, workspace_id)
        run_id = runs.create("How?", "", {}, []).id
        runs.set_outcome(run_id, {"seconds": {"propose": 2.5}})
        runs.set_state(run_id, "done")
        call = ModelCall(
            run_id=run_id,
            call_key="k",
            purpose="propose",
            model="m",
            prompt_version="1",
            answer="",
            prompt_tokens=7,
            completion_tokens=5,
            cost=0.25,
        )
        ModelCalls(session).add(call)
    reconcile(database)
    client.get("/v1/jobs")
    client.get("/v1/nothing/here")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    found = figures(answer.text)
    assert found['touchstone_queue_depth{queue="embedding"}'] == 2
    assert found['touchstone_queue_oldest_seconds{queue="embedding"}'] >= 0
    assert found["touchstone_lease_expiries"] == 1
    assert found["touchstone_dead_letters"] == 0
    assert found['touchstone_job_attempts{kind="search"}'] == 1
    assert found['touchstone_model_tokens{kind="completion",model="m"}'] == 5
    assert found['touchstone_model_cost{model="m"}'] == 0.25
    assert found['touchstone_run_stage_seconds{stage="propose"}'] == 2.5
    assert found['touchstone_runs{state="done"}'] == 1
    assert found['touchstone_http_requests_total{method="GET",route="/v1/jobs",status="200"}'] == 1
    assert found['touchstone_http_requests_total{method="none",route="none",status="404"}'] == 1
    assert found["process_resident_memory_bytes"] > 1e7


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_they_need_the_scope_admin_or_their_own_token(serving, settings) -> None:
    own = settings.model_copy(update={"api": ApiSettings(metrics_token="figures-only")})
    url = serving(own).base_url
    assert httpx.get(f"{url}/metrics").status_code == 401
    wrong = httpx.get(f"{url}/metrics", headers={"Authorization": "Bearer other"})
    assert wrong.status_code == 401
    right = {"Authorization": "Bearer figures-only"}
    assert httpx.get(f"{url}/metrics", headers=right).status_code == 200
    assert httpx.get(f"{url}/v1/jobs", headers=right).status_code == 401  # and for nothing else


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_key_that_only_reads_does_not_see_them(serving, settings, database, workspace_id) -> None:
    with database.write() as session:
        secret = installation_secret(settings)
        key = Keys(session, workspace_id).create(secret, "reader", ["read"], "tests")[1]
    reader = {"Authorization": f"Bearer {key}"}
    answer = httpx.get(f"{serving(settings).base_url}/metrics", headers=reader)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
