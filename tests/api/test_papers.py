"""Handing in papers, over HTTP."""

from __future__ import annotations

import pytest

from records.repositories import Failed, Failures, Files, Jobs, Papers

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NOTE = b'{"title": "Gels", "abstract": "Gelatin holds water."}\n'


def hand_in(client, name: str, content: bytes):
    return client.post("/v1/papers/files", files={"file": (name, content)})


def test_a_file_is_kept_and_a_worker_is_asked_to_read_it(client, database, workspace_id) -> None:
    answer = hand_in(client, "notes.jsonl", NOTE)
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job_id']}"
    with database.read() as session:
        job = Jobs(session).get(answer.json()["job_id"])
        assert job.kind == "ingest"
        assert Files(session, workspace_id).content(job.payload["file_id"]) == NOTE


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.jsonl", "passwd.jsonl"),
        ("C:\\papers\\notes.jsonl", "notes.jsonl"),
        (".hidden.jsonl", "hidden.jsonl"),
    ],
)
def test_a_name_with_a_path_in_it_is_only_a_name(client, database, workspace_id, name, kept) -> None:
    job_id = hand_in(client, name, NOTE).json()["job_id"]
    with database.read() as session:
        file_id = Jobs(session).get(job_id).payload["file_id"]
        assert Files(session, workspace_id).get(file_id).name == kept


@pytest.mark.parametrize(
    ("name", "content", "status", "code"),
    [
        ("notes.docx", NOTE, 415, "wrong_type"),
        ("notes", NOTE, 415, "wrong_type"),
        ("paper.pdf", NOTE, 415, "wrong_type"),
        ("notes.jsonl", b"%PDF-1.7\n", 415, "wrong_type"),
        ("notes.jsonl", b"\x00" * 100, 415, "wrong_type"),
        ("notes.jsonl", b"  \n", 422, "empty_file"),
    ],
)
def test_what_is_no_paper_is_refused_and_not_kept(
    client, database, workspace_id, name, content, status, code
) -> None:
    answer = hand_in(client, name, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    with database.read() as session:
        assert Files(session, workspace_id).page(10) == []


def test_papers_are_listed_and_read(client, paper_ids) -> None:
    listed = client.get("/v1/papers").json()["items"]
    assert [paper["id"] for paper in listed] == paper_ids[::-1]
    paper = client.get(f"/v1/papers/{paper_ids[0]}").json()
    assert (paper["title"], [passage["text"] for passage in paper["passages"]]) == ("Gels", ["Gels salts"])


def test_a_search_nobody_answers_in_time_is_a_job_to_follow(client, paper_ids) -> None:
    answer = client.post("/v1/searches?wait=0", json={"text": "gel"})
    assert (answer.status_code, answer.json()["hits"]) == (202, None)
    assert answer.headers["location"] == f"/v1/jobs/{answer.json()['job_id']}"
    assert client.post("/v1/searches", json={"text": " "}).status_code == 422


def test_papers_are_found_by_what_is_known_of_them(client, database, workspace_id, paper_ids) -> None:
    with database.write() as session:
        papers = Papers(session, workspace_id)
        first, second = papers.get(paper_ids[0]), papers.get(paper_ids[1])
        first.year, first.retraction, first.version_of = 2019, "retracted", second.id
    listed = client.get("/v1/papers", params={"year_from": 2019, "year_to": 2019, "title": "gEL"}).json()
    (paper,) = listed["items"]
    assert (paper["id"], paper["retraction"], paper["version_of"]) == (first.id, "retracted", second.id)
    for wanted in ({"latest": True}, {"title": "100%"}, {"source": "arxiv"}, {"retraction": "concern"}):
        found = client.get("/v1/papers", params=wanted).json()["items"]
        assert first.id not in [one["id"] for one in found]
    detail = client.get(f"/v1/papers/{second.id}").json()
    assert [one["id"] for one in detail["versions"]] == [first.id]


def test_a_collection_is_made_filled_renamed_and_taken_apart(client, paper_ids) -> None:
    made = client.post("/v1/collections", json={"name": "Gels"})
    place = made.headers["location"]
    for _ in range(2):
        assert client.put(f"{place}/papers/{paper_ids[0]}").status_code == 204
    within = client.get("/v1/papers", params={"collection_id": made.json()["id"]}).json()["items"]
    assert [one["id"] for one in within] == paper_ids[:1]
    renamed = client.put(place, json={"name": "Salts"}, headers={"If-Match": made.headers["etag"]})
    assert (renamed.json()["name"], client.get("/v1/collections").json()["items"][0]["papers"]) == (
        "Salts",
        1,
    )
    assert client.delete(f"{place}/papers/{paper_ids[0]}").status_code == 204
    assert client.get(place).json()["papers"] == 0
    assert client.delete(place, headers={"If-Match": made.headers["etag"]}).status_code == 412
    assert client.delete(place, headers={"If-Match": renamed.headers["etag"]}).status_code == 204


def test_a_paper_that_failed_is_shown_with_its_reason_and_tried_again(client, database, workspace_id) -> None:
    file_id = "01975c3e-0000-7000-8000-000000000000"
    with database.write() as session:
        failed = Failed("scan.pdf", "it has no text", {"file_id": file_id})
        lost = Failed("lost.pdf", "it is damaged", {})
        Failures(session, workspace_id).note("file", [lost, failed])
    shown = client.get("/v1/paper-failures").json()["items"]
    assert sorted((one["key"], one["reason"]) for one in shown) == [
        ("lost.pdf", "it is damaged"),
        ("scan.pdf", "it has no text"),
    ]
    ids = {one["key"]: one["id"] for one in shown}
    answer = client.post(f"/v1/paper-failures/{ids['scan.pdf']}/retry")
    with database.read() as session:
        job = Jobs(session).get(answer.json()["job_id"])
    assert (job.kind, job.payload) == ("ingest", {"file_id": file_id})
    assert client.post(f"/v1/paper-failures/{ids['lost.pdf']}/retry").json()["code"] == "nothing_to_retry"
