"""A job's end as its rows tell it, without a broker."""

from __future__ import annotations

import time

import pytest

from config import Settings
from records.database import Database
from records.errors import BadInput, Failure
from records.models import Job
from records.repositories import Jobs, Runs
from workers.orders import order_run
from workers.performing import Bounds, perform
from workers.reconcile import reconcile


@pytest.fixture
def run_and_job(database: Database, workspace_id: str) -> tuple[str, str]:
    with database.write() as session:
        run_id = Runs(session, workspace_id).create("How?", "", {}, []).id
        return run_id, order_run(session, workspace_id, run_id).id


def look(database: Database, job_id: str) -> tuple[str, str]:
    """The job's state and that of its run."""
    with database.read() as session:
        job = Jobs(session).get(job_id)
        return job.state, Runs(session, job.workspace_id).get(job.payload["run_id"]).state


def raising(error: Exception):
    def handler(settings: Settings, job: Job) -> None:
        raise error

    return handler


def test_a_job_done_is_not_done_again(database, run_and_job) -> None:
    seen: list[str] = []

    def handler(settings: Settings, job: Job) -> None:
        seen.append(job.payload["run_id"])

    run_id, job_id = run_and_job
    assert perform(database, Settings(), job_id, handler)
    assert not perform(database, Settings(), job_id, handler)
    assert seen == [run_id]


def test_bad_input_fails_the_run_at_once(database, workspace_id, run_and_job) -> None:
    run_id, job_id = run_and_job
    assert not perform(database, Settings(), job_id, raising(BadInput("corpus_too_small", "add papers")))
    assert look(database, job_id) == ("dead", "failed")
    with database.read() as session:
        assert Runs(session, workspace_id).get(run_id).outcome == {"failure": "add papers"}


def test_a_failure_fails_the_run_after_the_last_attempt(database, run_and_job) -> None:
    _, job_id = run_and_job
    handler = raising(Failure("endpoint_down", "the endpoint does not answer"))
    for expected in ("queued", "created"), ("queued", "created"), ("dead", "failed"):
        perform(database, Settings(), job_id, handler)
        assert look(database, job_id) == expected


def test_an_unknown_exception_is_kept_and_goes_on_to_the_log(database, run_and_job) -> None:
    _, job_id = run_and_job
    with pytest.raises(ZeroDivisionError):
        perform(database, Settings(), job_id, raising(ZeroDivisionError("no photons")))
    with database.read() as session:
        assert Jobs(session).get(job_id).reason == "ZeroDivisionError: no photons"


def test_a_run_that_somebody_else_holds_is_tried_later_however_long_that_takes(database, run_and_job) -> None:
    _, job_id = run_and_job
    busy = raising(BadInput("run_busy", "wait for it"))
    for _ in range(5):  # more often than a job may fail
        assert not perform(database, Settings(), job_id, busy, Bounds(lease_s=0.01))
        assert look(database, job_id) == ("leased", "created")
        time.sleep(0.02)
        assert reconcile(database).rung == 1
    assert perform(database, Settings(), job_id, lambda settings, job: None)


def test_a_few_lost_workers_are_not_held_against_a_job(database, run_and_job) -> None:
    _, job_id = run_and_job
    handler = raising(Failure("endpoint_down", "the endpoint does not answer"))
    for _ in range(5):
        with database.write() as session:
            assert Jobs(session).claim(job_id, lease_s=-1)
        assert reconcile(database, losses=5).rung == 1
    for expected in "queued", "queued", "dead":  # it may still fail as often as any other
        perform(database, Settings(), job_id, handler)
        assert look(database, job_id)[0] == expected


def test_a_job_that_kills_every_worker_dies_after_all(database, run_and_job) -> None:
    _, job_id = run_and_job
    attempts = 0
    while look(database, job_id)[0] != "dead":
        with database.write() as session:
            attempts = Jobs(session).claim(job_id, lease_s=-1)
        reconcile(database, losses=4)
    assert attempts == 7


def test_a_run_whose_worker_always_dies_has_failed(database, workspace_id, run_and_job) -> None:
    run_id, job_id = run_and_job
    for _ in range(3):
        with database.write() as session:
            Jobs(session).claim(job_id, lease_s=-1)
        last = reconcile(database)
    assert (last.rung, last.dead) == (0, 1)
    assert look(database, job_id) == ("dead", "failed")
    with database.read() as session:
        assert "worker" in Runs(session, workspace_id).get(run_id).outcome["failure"]
