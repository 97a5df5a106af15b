"""What keeps one caller from taking everything, and what every answer says of itself."""

from __future__ import annotations

import socket

import pytest

from config import ApiSettings

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def with_limits(settings, **limits):
    return settings.model_copy(update={"api": ApiSettings(**limits)})


def test_a_long_body_is_refused_before_it_is_read(serving, settings, paper_ids) -> None:
    client = serving(with_limits(settings, body_limit=2000))
    answer = client.post("/v1/questions", json={"question": "x" * 3000})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")

    def trickle():
        for _ in range(100):
            yield b" " * 100

    answer = client.post("/v1/questions", content=trickle(), headers={"content-type": "application/json"})
    assert answer.status_code == 413
    assert client.post("/v1/questions", json={"question": "How?"}).status_code == 202


def test_a_caller_in_a_hurry_is_told_to_wait(serving, settings) -> None:
    client = serving(with_limits(settings, rate=0.5, burst=3))
    answers = [client.get("/v1/runs") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert answers[-1].json()["code"] == "too_many_requests"
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 3
    assert client.get("/health").status_code == 200


def test_a_page_has_an_end(client) -> None:
    answer = client.get("/v1/runs?limit=100000")
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/limit")


def test_every_answer_names_its_request(client) -> None:
    assert client.get("/health", headers={"X-Request-ID": "mine-1"}).headers["x-request-id"] == "mine-1"
    made = client.get("/nowhere", headers={"X-Request-ID": "not one!"}).headers["x-request-id"]
    assert len(made) == 36


def test_a_request_that_is_no_http_does_no_harm(client) -> None:
    host, port = client.base_url.host, client.base_url.port
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        assert b"400" in connection.recv(1000)
    assert client.get("/health").status_code == 200
