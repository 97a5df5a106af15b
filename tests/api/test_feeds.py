from __future__ import annotations

import pytest

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

INBOX = {"name": "Inbox", "source": "folder", "query": "", "cron": "0 6 * * 1"}


def test_a_feed_is_made_changed_run_and_removed(client) -> None:
    made = client.post("/v1/feeds", json=INBOX)
    assert (made.status_code, made.json()["active"]) == (201, True)
    assert made.json()["next_run"].endswith("T06:00:00Z")
    place = made.headers["location"]
    off = client.put(place, json={**INBOX, "active": False}, headers={"If-Match": made.headers["etag"]})
    assert (off.json()["active"], off.json()["next_run"]) == (False, None)
    assert client.get("/v1/feeds").json()["items"] == [off.json()]
    assert client.post(f"{place}/run").status_code == 202
    assert client.delete(place, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(place, headers={"If-Match": off.headers["etag"]}).status_code == 204
    assert client.get(place).status_code == 404


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"cron": "whenever"}, 422, "bad_cron"),
        ({"source": "carrier pigeon"}, 422, "invalid_request"),
        ({"source": "arxiv", "query": " "}, 422, "bad_query"),
        ({"source": "rss", "query": "gels"}, 422, "bad_query"),
        ({"since": "last year"}, 422, "invalid_request"),
        ({"collection_id": "none"}, 404, "collection_not_found"),
        ({"name": " "}, 422, "invalid_request"),
    ],
)
def test_what_is_no_feed_is_refused(client, changes, status, code) -> None:
    answer = client.post("/v1/feeds", json={**INBOX, **changes})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_feed_asks_a_service_from_a_day_on_and_fills_a_collection(client) -> None:
    into = client.post("/v1/collections", json={"name": "Gels"}).json()["id"]
    asked = {"source": "arxiv", "query": "gel thermocell", "since": "2024-01-31", "collection_id": into}
    made = client.post("/v1/feeds", json={**INBOX, **asked})
    assert made.status_code == 201
    assert {name: made.json()[name] for name in asked} == asked


def test_two_feeds_of_one_name_are_a_conflict(client) -> None:
    client.post("/v1/feeds", json=INBOX)
    assert client.post("/v1/feeds", json=INBOX).json()["code"] == "feed_exists"
