from __future__ import annotations

import pytest

from records.database import Database
from records.repositories import Workspaces
from records.repositories.keys import Keys
from records.secrets import installation_secret

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def path(client, paper_ids, propose) -> str:
    run_id = client.post("/v1/questions", json={"question": "How?"}).json()["id"]
    ids, _ = propose(run_id)
    return f"/v1/hypotheses/{ids[0]}/reviews"


def test_a_review_is_begun_changed_and_handed_in(client, path) -> None:
    draft = client.post(path, json={"status": "draft", "ratings": {"novelty": 4}})
    assert draft.status_code == 201
    place = draft.headers["location"]
    whole = {"status": "submitted", "verdict": "reject", "reason": "known since 1998", "ratings": {}}
    changed = client.put(place, json=whole, headers={"If-Match": draft.headers["etag"]})
    assert (changed.json()["verdict"], changed.json()["reviewer"]) == ("reject", "key tests")
    late = client.put(place, json=whole, headers={"If-Match": draft.headers["etag"]})
    assert (late.status_code, late.json()["current"]["status"]) == (412, "submitted")
    assert client.get(path).json() == [changed.json()]
    assert client.get("/v1/reviews?status=submitted").json()["items"] == [changed.json()]
    assert client.get("/v1/reviews?status=draft").json()["items"] == []


def test_a_reviewer_has_one_review_of_a_hypothesis_and_nobody_elses(client, path, settings) -> None:
    mine = client.post(path, json={"verdict": "accept"})
    again = client.post(path, json={"verdict": "reject", "reason": "on second thoughts"})
    assert (again.status_code, again.json()["code"]) == (409, "reviewed_already")
    assert again.json()["current"] == mine.json()
    with Database(settings.database).write() as session:
        workspace_id = Workspaces(session).get_or_create("local").id
        secret = installation_secret(settings)
        _, other = Keys(session, workspace_id).create(secret, "others", ("write",), "tests")
    headers = {"Authorization": f"Bearer {other}", "If-Match": mine.headers["etag"]}
    whole = {"verdict": "reject", "reason": "no", "ratings": {}, "status": "submitted"}
    changed = client.put(mine.headers["location"], json=whole, headers=headers)
    assert (changed.status_code, changed.json()["code"]) == (403, "not_your_review")
    assert client.post(path, json=whole, headers=headers).status_code == 201
    assert [one["reviewer"] for one in client.get(path).json()] == ["key tests", "key others"]


@pytest.mark.parametrize(
    "review",
    [
        {},
        {"verdict": "maybe"},
        {"verdict": "reject"},
        {"verdict": "accept", "ratings": {"beauty": 5}},
        {"verdict": "accept", "ratings": {"novelty": 6}},
    ],
)
def test_what_decides_nothing_is_no_review(client, path, review) -> None:
    assert client.post(path, json=review).status_code == 422
    assert client.get(path).json() == []
