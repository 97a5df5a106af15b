"""Handing in papers, over HTTP."""

from __future__ import annotations

import pytest

from records.repositories import Files, Jobs

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
