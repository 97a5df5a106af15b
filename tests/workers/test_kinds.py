"""Each kind of job, done by its handler on real rooms."""

from __future__ import annotations

import csv
import io
import json
import os
import zipfile
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from agents.plan import LaboratorySpec, Plan
from config import EmbeddingSettings
from knowledge.embedding import load_embedder
from records.base import Base, now
from records.models import Answered, Hypothesis, Job, KeyPoint, Outbox, RunEvent, StoredFile
from records.repositories import (
    Experiments,
    Failures,
    Feeds,
    Files,
    Hypotheses,
    Jobs,
    Papers,
    Runs,
    Vectors,
)
from workers.kinds.exports import export
from workers.kinds.feeds import run_feed
from workers.kinds.keeping import retention
from workers.kinds.literature import check_index, ingest, search
from workers.orders import (
    order_export,
    order_feed,
    order_index_check,
    order_ingest,
    order_retention,
    order_retry,
    order_run,
    order_search,
)
from workers.performing import perform

NOTES = """\
{"title": "Gel thermocells", "abstract": "Gelatin slows convection between the electrodes.", "year": 2019}
{"title": "Guanidinium", "abstract": "Guanidinium crystallises ferrocyanide in the cold half.", "year": 2023}
{"abstract": "it has no title"}
"""


@pytest.fixture
def done(database, workspace_id, here):
    """Order a job, have its handler do it, and give its row."""

    def do(order, handler, *payload, **more) -> Job:
        with database.write() as session:
            job_id = order(session, workspace_id, *payload, **more).id
        perform(database, here, job_id, handler)
        with database.read() as session:
            return Jobs(session).get(job_id)

    return do


def keep_file(database, workspace_id, name: str, content: bytes) -> str:
    with database.write() as session:
        return Files(session, workspace_id).add(name, "application/jsonl", content, created_by="Ada").id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_papers_that_were_handed_in_are_found(database, workspace_id, done) -> None:
    file_id = keep_file(database, workspace_id, "../../etc/notes.jsonl", NOTES.encode())
    result = done(order_ingest, ingest, file_id).result
    assert (result["added"], result["known"], result["broken_count"]) == (2, 0, 1)
    assert "title" in result["broken"][0]["reason"]
    assert done(order_ingest, ingest, file_id).result["added"] == 0
    with database.read() as session:
        passages = Papers(session, workspace_id).passages()
        model = load_embedder(EmbeddingSettings()).name
        assert len(Vectors(session, workspace_id).of(model, [one.id for one in passages])) == len(passages)
    hits = done(order_search, search, "what slows the flow between electrodes?", limit=5).result["hits"]
    assert [hit["title"] for hit in hits] == ["Gel thermocells", "Guanidinium"]
    assert hits[0]["text"] == "Gelatin slows convection between the electrodes."
    late = done(order_search, search, "electrodes", filters={"year_from": 2020}).result["hits"]
    assert [hit["title"] for hit in late] == ["Guanidinium"]
    assert done(order_index_check, check_index).result == {"passages": 2, "healed": 0}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("name", "content"), [("a.docx", b"PK"), ("a.jsonl", b"no json"), ("a.pdf", b"%PDF")]
)
def test_a_file_that_cannot_be_read_buries_its_job_at_once_and_can_be_tried_again(
    database, workspace_id, done, name, content
) -> None:
    file_id = keep_file(database, workspace_id, name, content)
    job = done(order_ingest, ingest, file_id)
    assert (job.state, job.attempt) == ("dead", 1)
    assert job.reason.startswith(name)
    with database.write() as session:
        (failure,) = Failures(session, workspace_id).page(10)
        assert (failure.key, failure.reason) == (name, job.reason)
        assert order_retry(session, failure).payload == {"file_id": file_id}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_source_that_is_down_leaves_its_job_done_and_its_reason_with_the_feed(
    database, workspace_id, done
) -> None:
    with database.write() as session:
        feed_id = Feeds(session, workspace_id).create("news", "rss", "http://127.0.0.1:9/", "0 6 * * *").id
    job = done(order_feed, run_feed, feed_id)
    assert (job.state, job.result["added"]) == ("done", 0)
    assert "rss" in job.result["down"]
    with database.read() as session:
        assert Feeds(session, workspace_id).get(feed_id).last_result["down"] == job.result["down"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_feed_that_needs_more_time_orders_another_job(
    database, workspace_id, here, done, monkeypatch
) -> None:
    monkeypatch.setattr("workers.kinds.feeds.SHARE_TO_FETCH", 0.0)
    folder = here.data_dir / "inbox" / "local"
    folder.mkdir(parents=True)
    for name in ("a", "b"):
        (folder / f"{name}.jsonl").write_text(NOTES.splitlines()[name == "b"])
        os.utime(folder / f"{name}.jsonl", (0, 0))
    with database.write() as session:
        feed_id = Feeds(session, workspace_id).create("inbox", "folder", "", "0 6 * * *").id
    assert done(order_feed, run_feed, feed_id).result["more"] is True
    with database.read() as session:
        waiting = [job for job in Jobs(session).recent() if job.state == "queued"]
        assert [job.payload for job in waiting] == [{"feed_id": feed_id}]
        assert Papers(session, workspace_id).count() == 1


@pytest.fixture
def run_id(database, workspace_id) -> str:
    """A run with a hypothesis whose title is a spreadsheet's formula, and a result of it."""
    plan = Plan(laboratory=LaboratorySpec(kind="human", label="human")).model_dump(mode="json")
    with database.write() as session:
        runs = Runs(session, workspace_id)
        run_id = runs.create("How?", "", plan, []).id
        points = [KeyPoint(name="urea", role="breaks bonds")]
        row = Hypothesis(title='=HYPERLINK("x")', statement="So.", reasoner="pairing", key_points=points)
        (hypothesis_id,) = Hypotheses(session, workspace_id).replace(run_id, [row])
        experiments = Experiments(session, workspace_id)
        experiment = experiments.recommend(run_id, 0, hypothesis_id, "surrogate")
        experiments.record(experiment.id, 0, score=3.5, sem=0.1, source="Ada")
        runs.set_outcome(run_id, {"standings": [{"position": 0, "rank": 1, "mean": 3.4, "sd": 0.1}]})
    return run_id


def content_of(database, workspace_id, job: Job) -> bytes:
    with database.read() as session:
        return Files(session, workspace_id).content(job.result["file_id"])


def test_a_run_is_taken_away_as_data_as_a_table_and_as_an_archive(
    database, workspace_id, done, run_id
) -> None:
    data = json.loads(content_of(database, workspace_id, done(order_export, export, run_id, "json")))
    assert data["hypotheses"][0]["provenance"]["reasoner"] == "pairing"
    table = content_of(database, workspace_id, done(order_export, export, run_id, "csv"))
    (row,) = csv.DictReader(io.StringIO(table.decode("utf-8-sig")))
    assert (row["rank"], row["mean"], row["results"]) == ("1", "3.4", "3.5")
    assert row["title"] == '\'=HYPERLINK("x")'  # a spreadsheet must not run it
    packed = done(order_export, export, run_id, "zip")
    archive = zipfile.ZipFile(io.BytesIO(content_of(database, workspace_id, packed)))
    assert archive.namelist() == ["report.html", "run.json", "ranking.csv", "results.csv"]
    assert "HYPERLINK" in archive.read("report.html").decode()
    assert packed.result["name"] == f"run-{run_id}.zip"


def test_an_export_that_was_cut_off_makes_one_file(database, workspace_id, here, done, run_id) -> None:
    job = done(order_export, export, run_id, "csv")
    assert export(here, job) == job.result  # as after a kill between the file and the job's end
    with database.read() as session:
        assert len(Files(session, workspace_id).page(10)) == 1


def test_what_has_had_its_time_is_thrown_away_but_dead_jobs_are_kept(database, workspace_id, done) -> None:
    long_ago = now() - timedelta(days=40)
    with database.write() as session:
        runs = Runs(session, workspace_id)
        over, going = (runs.create("How?", "", {}, []).id for _ in range(2))
        runs.set_state(over, "done")
        runs.set_state(going, "running")
        runs.get(over).finished_at = long_ago
        jobs = Jobs(session)
        finished, dead, waiting = (order_run(session, workspace_id, over).id for _ in range(3))
        jobs.finish(finished, jobs.claim(finished, 60) or 0)
        jobs.fail(dead, jobs.claim(dead, 60) or 0, "no", again=False)
        session.execute(update(Job).values(finished_at=long_ago).where(Job.id != waiting))
        session.execute(update(Outbox).values(sent_at=long_ago))
        files = Files(session, workspace_id)
        files.add("old.csv", "text/csv", b"x", created_by="Ada", expires_at=long_ago)
        kept = files.add("kept.csv", "text/csv", b"x", created_by="Ada").id
        for age in (1, 25):
            answered = Answered(workspace_id=workspace_id, key=str(age), fingerprint="f")
            answered.created_at = now() - timedelta(hours=age)
            session.add(answered)
    result = done(order_retention, retention).result
    assert (result["stored_file"], result["answered"], result["job"]) == (1, 1, 1)

    def ids(table: type[Base]) -> list[str]:
        with database.read() as session:
            return list(session.scalars(select(table.id)))  # type: ignore[attr-defined]

    assert ids(StoredFile) == [kept]
    assert {dead, waiting} < set(ids(Job))
    assert finished not in ids(Job)
    with database.read() as session:
        events = select(RunEvent.run_id, func.count()).group_by(RunEvent.run_id)
        assert dict(session.execute(events).all()) == {going: 1}
        rung = set(session.scalars(select(Outbox.job_id)))
    assert {dead, waiting} < rung  # so that they can be rung for again
