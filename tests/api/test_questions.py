from __future__ import annotations

import time
from uuid import uuid4

import pytest

from agents.plan import Plan
from records.database import Database
from records.models import Outbox
from records.repositories import Audit, Jobs, Runs

RECORDED = {
    "kind": "recorded",
    "column": "yield",
    "rows": [
        {"features": {"base": "KOAc", "heat": 90}, "values": [12.0, 13.5]},
        {"features": {"base": "KOAc", "heat": 105}, "values": [None]},
    ],
}
TRUTH = {"key_points": [{"name": "guanidinium", "role": "crystallises", "weight": 60.0}], "noise": 0.1}


def test_a_question_becomes_a_run_and_a_job_that_rang(client, paper_ids, database, workspace_id) -> None:
    answer = client.post(
        "/v1/questions", json={"question": " How? ", "survey": "So far.", "plan": {"seed": 7}}
    )
    assert answer.status_code == 202
    run_id = answer.json()["id"]
    assert answer.headers["location"] == f"/v1/runs/{run_id}"
    assert client.get(answer.headers["location"]).json()["question"] == "How?"
    with database.read() as session:
        runs = Runs(session, workspace_id)
        assert runs.get(run_id).plan["seed"] == 7
        assert runs.paper_ids(run_id) == paper_ids
        assert [event.action for event in Audit(session, workspace_id).of("run", run_id)] == [
            "question.asked"
        ]
    # The bell is rung behind the answer, so that nobody waits for the broker.
    give_up = time.monotonic() + 10
    while _unsent(database):
        assert time.monotonic() < give_up, "the broker was never told"
        time.sleep(0.02)


def _unsent(database: Database) -> list[Outbox]:
    with database.read() as session:
        return Jobs(session).unsent()


@pytest.mark.parametrize(
    "laboratory",
    [{"kind": "human"}, {"kind": "none"}, {"kind": "simulated", "truth": TRUTH}, RECORDED],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_agents_understand_the_plan_that_is_kept(
    client, paper_ids, database, workspace_id, laboratory
) -> None:
    plan = {
        "reasoner": "llm",
        "laboratory": laboratory,
        "hypotheses": 5,
        "budget": 3,
        "batch": 2,
        "seed": 2**62,
        "policy": "random",
        "passages": 9,
    }
    run_id = client.post("/v1/questions", json={"question": "How?", "plan": plan}).json()["id"]
    with database.read() as session:
        kept = Plan.model_validate(Runs(session, workspace_id).get(run_id).plan)
    asked = {name: value for name, value in plan.items() if name != "laboratory"}
    assert asked.items() <= kept.model_dump().items()
    assert kept.laboratory.kind == laboratory["kind"]
    if laboratory["kind"] == "recorded":
        assert [row["values"] for row in kept.laboratory.rows] == [[12.0, 13.5], [None]]
        assert kept.laboratory.column == "yield"
    if laboratory["kind"] == "simulated":
        assert kept.laboratory.truth["key_points"] == TRUTH["key_points"]
        assert kept.laboratory.truth["noise"] == 0.1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_plan_nobody_gave_is_the_agents_own_default(client, paper_ids, database, workspace_id) -> None:
    run_id = client.post("/v1/questions", json={"question": "How?"}).json()["id"]
    with database.read() as session:
        kept = Plan.model_validate(Runs(session, workspace_id).get(run_id).plan)
    assert kept == Plan(laboratory=kept.laboratory)


def test_a_corpus_may_be_chosen(client, paper_ids, database, workspace_id) -> None:
    body = {"question": "How?", "paper_ids": paper_ids[::-1]}
    run_id = client.post("/v1/questions", json=body).json()["id"]
    with database.read() as session:
        assert Runs(session, workspace_id).paper_ids(run_id) == paper_ids[::-1]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"question": "How?", "paper_ids": []}, 422, "corpus_too_small"),
        ({"question": "How?", "paper_ids": [str(uuid4()), str(uuid4())]}, 404, "paper_not_found"),
        ({"question": "  "}, 422, "invalid_request"),
        ({}, 422, "invalid_request"),
        ({"question": "nul \x00"}, 422, "invalid_request"),
        ({"question": "x" * 4001}, 422, "invalid_request"),
        ({"question": "How?", "plan": {"budget": 0}}, 422, "invalid_request"),
        ({"question": "How?", "plan": {"seed": 2**63}}, 422, "invalid_request"),
        ({"question": "How?", "plan": {"policy": "guess"}}, 422, "invalid_request"),
        ({"question": "How?", "plan": {"colour": "red"}}, 422, "invalid_request"),
        ({"question": "How?", "plan": {"hypotheses": 1}}, 422, "invalid_request"),
        (
            {"question": "How?", "plan": {"laboratory": {**RECORDED, "rows": RECORDED["rows"][:1] * 2}}},
            422,
            "invalid_request",
        ),
        ({"question": "How?", "plan": {"laboratory": {"kind": "simulated"}}}, 422, "invalid_request"),
        ({"question": "How?", "plan": {"laboratory": {"kind": "recorded"}}}, 422, "invalid_request"),
        (
            {"question": "How?", "plan": {"laboratory": {"kind": "simulated", "truth": {"key_points": []}}}},
            422,
            "invalid_request",
        ),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_bad_question_is_a_problem_and_keeps_nothing(
    client, paper_ids, database, workspace_id, body, status, code
) -> None:
    answer = client.post("/v1/questions", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    with database.read() as session:
        assert Runs(session, workspace_id).recent() == []
        assert Jobs(session).unsent() == []
