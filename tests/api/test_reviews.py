from __future__ import annotations

import pytest

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
