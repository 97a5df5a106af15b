from __future__ import annotations

import subprocess
import sys

import pytest

from api.app import serve
from config import BrokerSettings, Settings
from records.errors import BadInput
from records.repositories import Jobs

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_it_lives_and_is_ready(client) -> None:
    assert client.get("/health").json() == {"status": "ok"}
    assert client.get("/ready").json() == {"database": "ok", "broker": "ok"}


def test_without_a_broker_questions_are_kept_for_later(serving, settings, paper_ids, database) -> None:
    nobody = settings.model_copy(update={"broker": BrokerSettings(url="redis://127.0.0.1:1/0")})
    client = serving(nobody)
    assert client.get("/ready").json() == {"database": "ok", "broker": "unreachable"}
    assert client.post("/v1/questions", json={"question": "How?"}).status_code == 202
    with database.read() as session:
        assert len(Jobs(session).unsent()) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/v1/questions", 405), ("GET", "/v1/runs/not-an-id", 422)],
)
def test_every_error_is_a_problem_document(client, method, path, status) -> None:
    answer = client.request(method, path)
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code == status
    assert {"type", "title", "detail", "code"} <= problem.keys()


@pytest.mark.parametrize("body", [b"{", b'"\xff"', b'{"question": "\\ud800"}', b"[]", b"NaN", b""])
def test_a_body_that_is_no_question_is_a_problem(client, body) -> None:
    answer = client.post("/v1/questions", content=body, headers={"content-type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_of_another_site_cannot_ask_here(client, paper_ids) -> None:
    """A browser sends text/plain across sites without asking first; JSON it does not."""
    answer = client.post(
        "/v1/questions", content=b'{"question": "How?"}', headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 422


def test_what_breaks_inside_is_a_problem_that_gives_nothing_away(
    client, paper_ids, database, workspace_id
) -> None:
    from records.repositories import Runs

    with database.write() as session:
        run_id = Runs(session, workspace_id).create("How?", "", {"no": "laboratory"}, []).id
    answer = client.get(f"/v1/runs/{run_id}")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "laboratory" not in answer.text


def test_a_request_meant_for_another_host_is_refused(client) -> None:
    answer = client.get("/health", headers={"host": "attacker.example"})
    assert (answer.status_code, answer.json()["code"]) == (421, "bad_host")


def test_it_serves_other_machines_only_under_names_that_were_given(settings: Settings) -> None:
    with pytest.raises(BadInput) as caught:
        serve(settings, host="0.0.0.0")
    assert caught.value.code == "allowed_hosts_missing"


def test_the_web_process_stays_light(settings: Settings) -> None:
    heavy = ("torch", "sentence_transformers", "langgraph", "chromadb", "sklearn", "agents", "knowledge")
    check = f"import sys, api.app; print([name for name in {heavy!r} if name in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", check], check=True, capture_output=True, text=True).stdout
        == "[]\n"
    )
