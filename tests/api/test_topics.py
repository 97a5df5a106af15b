"""The topic tree over HTTP: looked at, corrected by people who see each other's changes, ordered anew."""

from __future__ import annotations

import pytest

from records.repositories import Jobs, Topics
from records.repositories.topics import Grown, Lies


@pytest.fixture
def tree(database, workspace_id, paper_ids) -> list[str]:
    """What a worker would have kept: soft matter with gels in it, and cells; the topics' ids."""
    with database.write() as session:
        topics = Topics(session, workspace_id)
        grown = [
            Grown(None, None, "Soft matter", ("gels",), 1),
            Grown(None, 0, "Gels", ("gels",), 1),
            Grown(None, None, "Cells", ("cells",), 1),
        ]
        lies = [Lies(1, paper_ids[0]), Lies(2, paper_ids[1]), Lies(2, paper_ids[0], 0.95)]
        topics.replace(grown, lies)
        return [topic.id for topic in topics.tree()]


def test_the_tree_is_shown_with_the_papers_in_it(client, tree, paper_ids) -> None:
    told = client.get("/v1/topics").json()["topics"]
    assert [(topic["name"], topic["parent_id"], topic["size"]) for topic in told] == [
        ("Soft matter", None, 1),
        ("Gels", tree[0], 1),
        ("Cells", None, 1),
    ]
    papers = client.get(f"/v1/topics/{tree[2]}/papers", params={"limit": 1}).json()
    assert [(one["title"], one["home"]) for one in papers["items"]] == [("Cells", True)]
    rest = client.get(f"/v1/topics/{tree[2]}/papers", params={"after": papers["next"]}).json()
    assert [(one["title"], one["home"], one["weight"]) for one in rest["items"]] == [("Gels", False, 0.95)]
    assert client.get(f"/v1/topics/{tree[0]}/papers").json()["items"][0]["topic_id"] == tree[1]


def test_two_people_who_rename_a_topic_do_not_overwrite_each_other(client, tree) -> None:
    path = f"/v1/topics/{tree[1]}"
    seen = client.get(path).headers["etag"]
    assert client.patch(path, json={"name": "Hydrogels"}).status_code == 428
    assert client.patch(path, json={"name": "Hydrogels"}, headers={"If-Match": seen}).is_success
    late = client.patch(path, json={"name": "Networks"}, headers={"If-Match": seen})
    assert (late.status_code, late.json()["current"]["name"]) == (412, "Hydrogels")
    told = client.patch(path, json={"name": None}, headers={"If-Match": late.headers["etag"]}).json()
    assert (told["name"], told["named_by"]) == ("Gels", "terms")


def test_a_paper_is_put_where_it_belongs(client, tree, paper_ids, database, workspace_id) -> None:
    path = f"/v1/papers/{paper_ids[0]}/topic"
    seen = client.get(path)
    assert seen.json() == {"paper_id": paper_ids[0], "topic_id": tree[1], "pinned": False}
    match = {"If-Match": seen.headers["etag"]}
    parts = client.put(path, json={"topic_id": tree[0]}, headers=match)
    assert (parts.status_code, parts.json()["code"]) == (422, "topic_has_parts")
    assert client.put(path, json={"topic_id": tree[2]}, headers=match).json()["pinned"] is True
    assert client.put(path, json={"topic_id": tree[1]}, headers=match).status_code == 412
    assert [one["size"] for one in client.get("/v1/topics").json()["topics"]] == [0, 0, 2]


def test_a_new_tree_is_ordered(client, database) -> None:
    answer = client.post("/v1/topics/build", json={})
    assert answer.status_code == 202
    with database.read() as session:
        job = Jobs(session).get(answer.json()["job_id"])
    assert (job.kind, job.payload) == ("build_topics", {"collection_id": None})
