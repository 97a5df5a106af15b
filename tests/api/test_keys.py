from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import httpx
import pytest

from records.base import now
from records.database import Database
from records.models import Answered, ApiKey
from records.repositories import Audit

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture
def make(client: httpx.Client) -> Callable[..., dict]:
    def make(**asked: object) -> dict:
        answer = client.post("/v1/keys", json={"name": "robot", **asked})
        assert answer.status_code == 201, answer.text
        return answer.json()

    return make


@pytest.fixture
def change(database: Database) -> Callable[..., None]:
    def change(key_id: str, **values: object) -> None:
        with database.write() as session:
            row = session.get_one(ApiKey, key_id)
            for name, value in values.items():
                setattr(row, name, value)

    return change


def test_a_key_is_shown_once_and_opens_its_workspace(client, make, database, workspace_id) -> None:
    made = make(scopes=["read", "write"])
    assert made["key"].startswith(f"tsk_{made['prefix']}_")
    seen = client.get("/v1/me", headers=bearer(made["key"])).json()
    assert (seen["kind"], seen["name"], seen["scopes"]) == ("key", "key robot", ["read", "write"])
    assert seen["workspace"]["name"] == "local"
    listed = client.get("/v1/keys")
    assert made["key"] not in listed.text
    assert listed.json()["items"][0]["prefix"] == made["prefix"]
    with database.read() as session:
        (event,) = Audit(session, workspace_id).of("key", made["id"])
    assert (event.actor, event.action, event.detail["prefix"]) == ("key tests", "key.created", made["prefix"])


def test_a_request_without_a_key_is_told_what_to_send(client) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Basic YTpi"}):
        answer = client.get("/v1/me", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "no_credentials")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_wrong_keys_are_told_apart_only_to_whoever_has_the_whole_key(client, make, change) -> None:
    key = make()["key"]
    body, _, checksum = key.rpartition("_")
    other = make()
    strange = other["key"].replace(other["prefix"], make()["prefix"])
    for wrong in ("tsk_", "é", body, f"{body[:-1]}{'a' if body[-1] != 'a' else 'b'}_{checksum}", strange):
        answer = client.get("/v1/me", headers={"Authorization": f"Bearer {wrong}".encode()})
        assert (answer.status_code, answer.json()["code"]) == (401, "bad_key")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    change(other["id"], digest="0" * 64)
    assert client.get("/v1/me", headers=bearer(other["key"])).json()["code"] == "bad_key"


def test_an_expired_and_a_revoked_key_open_nothing(client, make, change) -> None:
    made = make(expires_at=(now() + timedelta(hours=1)).isoformat())
    assert client.get("/v1/me", headers=bearer(made["key"])).status_code == 200
    change(made["id"], expires_at=now())
    answer = client.get("/v1/me", headers=bearer(made["key"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "expired_key")
    for _ in range(2):
        assert client.delete(f"/v1/keys/{made['id']}").status_code == 204
    answer = client.get("/v1/me", headers=bearer(made["key"]))
    assert (answer.status_code, answer.json()["code"]) == (401, "revoked_key")
    assert client.get(f"/v1/keys/{made['id']}").json()["revoked_at"]


@pytest.mark.parametrize(
    ("scope", "method", "path", "missing"),
    [
        ("read", "POST", "/v1/questions", "write"),
        ("read", "GET", "/v1/keys", "admin"),
        ("write", "POST", "/v1/keys", "admin"),
        ("write", "GET", "/v1/audit", "admin"),
    ],
)
def test_a_key_without_the_scope_is_told_which(client, make, scope, method, path, missing) -> None:
    key = make(scopes=[scope])["key"]
    body = {"question": "How?", "name": "x"} if method == "POST" else None
    answer = client.request(method, path, headers=bearer(key), json=body)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    assert missing in answer.json()["detail"]


def test_a_key_is_of_one_workspace(client, make) -> None:
    key = make()["key"]
    assert client.get("/v1/me", headers={**bearer(key), "X-Workspace": "local"}).status_code == 200
    answer = client.get("/v1/me", headers={**bearer(key), "X-Workspace": "elsewhere"})
    assert (answer.status_code, answer.json()["code"]) == (403, "other_workspace")


@pytest.mark.parametrize(
    "asked",
    [
        {"scopes": []},
        {"scopes": ["root"]},
        {"name": " "},
        {"expires_at": "2001-01-01T00:00:00Z"},
        {"expires_at": "soon"},
    ],
)
def test_a_key_that_makes_no_sense_is_not_made(client, asked) -> None:
    before = len(client.get("/v1/keys").json()["items"])
    assert client.post("/v1/keys", json={"name": "robot", **asked}).status_code == 422
    assert len(client.get("/v1/keys").json()["items"]) == before


def test_a_repeated_request_makes_no_second_key_and_keeps_no_first_one(client, database) -> None:
    headers = {"Idempotency-Key": "once"}
    first = client.post("/v1/keys", json={"name": "robot"}, headers=headers)
    again = client.post("/v1/keys", json={"name": "robot"}, headers=headers)
    assert first.status_code == 201
    assert (again.status_code, again.json()["code"]) == (409, "shown_once")
    with database.read() as session:
        (kept,) = session.query(Answered)
    assert first.json()["key"] not in kept.body


def test_the_last_use_is_noted_behind_the_answer(client, make) -> None:
    made = make()
    client.get("/v1/me", headers=bearer(made["key"]))
    give_up = time.monotonic() + 10
    while (seen := client.get(f"/v1/keys/{made['id']}").json()["last_used_at"]) is None:
        assert time.monotonic() < give_up, "the use was never noted"
        time.sleep(0.02)
    client.get("/v1/me", headers=bearer(made["key"]))
    time.sleep(0.2)
    assert client.get(f"/v1/keys/{made['id']}").json()["last_used_at"] == seen


def test_keys_and_the_audit_trail_come_in_pages(client, make) -> None:
    ids = [make(name=f"robot {number}")["id"] for number in range(3)]
    first = client.get("/v1/keys", params={"limit": 2}).json()
    assert [key["id"] for key in first["items"]] == ids[:0:-1]
    second = client.get("/v1/keys", params={"limit": 2, "after": first["next"]}).json()
    assert second["items"][0]["id"] == ids[0]
    assert second["next"] is None
    events = client.get("/v1/audit", params={"subject_kind": "key", "subject_id": ids[0]}).json()["items"]
    assert [(event["actor"], event["action"]) for event in events] == [("key tests", "key.created")]
    assert len(client.get("/v1/audit", params={"limit": 2}).json()["items"]) == 2


def test_every_answer_tells_browsers_to_be_careful(client) -> None:
    for path in ("/health", "/v1/me", "/nowhere", "/sign-in", "/v1/runs/nothing"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"]
