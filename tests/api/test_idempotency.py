"""A program that did not hear the answer asks again with the same key."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from records.base import now
from records.models import Answered
from records.repositories import Runs

ASK = {"question": "How?"}


def ask(client, key: str, body: dict[str, str] = ASK):
    return client.post("/v1/questions", json=body, headers={"Idempotency-Key": key})


def runs(client) -> int:
    return len(client.get("/v1/runs").json()["items"])


def test_the_same_request_is_done_once_and_answered_the_same(client, paper_ids) -> None:
    first, second = ask(client, "k1"), ask(client, "k1")
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert first.headers["location"] == second.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    assert runs(client) == 1
    assert ask(client, "k2").json() != first.json()


def test_many_at_once_do_it_once(client, paper_ids) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: ask(client, "k1"), range(8)))
    assert {answer.status_code for answer in answers} <= {202, 409}
    assert len({answer.json()["id"] for answer in answers if answer.status_code == 202}) == 1
    assert runs(client) == 1


def test_a_key_for_another_request_is_a_mistake(client, paper_ids) -> None:
    ask(client, "k1")
    answer = ask(client, "k1", {"question": "Why?"})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert runs(client) == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_request_that_was_refused_may_be_sent_again(client) -> None:
    assert ask(client, "k1").json()["code"] == "corpus_too_small"
    assert "idempotency-replayed" not in ask(client, "k1").headers


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("key", ["", "x" * 201, "café".encode()])
def test_a_key_that_is_none_is_refused(client, key) -> None:
    answer = client.post("/v1/questions", json=ASK, headers={"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_idempotency_key")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_was_done_by_a_server_that_died_before_it_answered_is_not_done_again(
    client, paper_ids, database, workspace_id
) -> None:
    ask(client, "k1")
    with database.write() as session:
        row = session.query(Answered).one()
        row.status, row.created_at = None, now() - timedelta(minutes=5)
    answer = ask(client, "k1")
    assert (answer.status_code, answer.json()["code"]) == (409, "answer_lost")
    with database.read() as session:
        assert len(Runs(session, workspace_id).recent()) == 1
