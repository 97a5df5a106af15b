"""What a job lives through, with real workers that are really killed."""

from __future__ import annotations

import pytest
import redis
from kombu.exceptions import OperationalError

from workers.reconcile import reconcile


def test_every_job_is_done_exactly_once(yard) -> None:
    yard.start_worker()
    yard.start_worker()
    jobs = [yard.order("echo") for _ in range(20)]
    # The bell rings twice for each: whoever comes second finds the job taken.
    for job_id in jobs:
        yard.app.send_task("workers.echo", args=[job_id], queue="keeping")
    assert {yard.ended(job_id).state for job_id in jobs} == {"done"}
    assert yard.done() == ["done"] * 20


def test_a_job_longer_than_its_lease_is_kept_by_its_heartbeat(yard) -> None:
    yard.start_worker()
    job = yard.ended(yard.order("slow"))
    assert (job.state, job.attempt) == ("done", 1)
    assert yard.done() == ["begun", "done"]


def test_the_job_of_a_killed_worker_is_taken_over(yard, kill_worker) -> None:
    first = yard.start_worker()
    job_id = yard.order("hang_once")
    yard.until(lambda: yard.done() == ["begun"])
    kill_worker(first)
    yard.start_worker()
    job = yard.ended(job_id)
    assert (job.state, job.attempt) == ("done", 2)
    assert yard.done() == ["begun", "begun", "done"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_poisonous_job_ends_dead_and_visible(yard) -> None:
    yard.start_worker()
    poison, echo = yard.order("poison", max_attempts=2), yard.order("echo")
    assert yard.ended(echo).state == "done"
    job = yard.ended(poison)
    assert (job.state, job.attempt) == ("dead", 2)
    assert "worker died" in job.reason
    assert sorted(yard.done()) == ["begun", "begun", "done"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_crash_is_tried_again_and_keeps_its_reason(yard) -> None:
    yard.start_worker()
    job = yard.ended(yard.order("crash", max_attempts=2))
    assert (job.state, job.attempt, job.reason) == ("dead", 2, "ZeroDivisionError: there are no photons")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_bad_input_is_not_tried_again(yard) -> None:
    yard.start_worker()
    job = yard.ended(yard.order("refuse"))
    assert (job.state, job.attempt, job.reason) == ("dead", 1, "nobody can do this")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_job_is_not_lost_when_the_bell_never_rang(yard) -> None:
    job_id = yard.order("echo")
    yard.app.control.purge()  # the broker forgets everything
    assert reconcile(yard.database, patience_s=-1).rung == 1
    yard.start_worker()  # its schedule sends what the reconciler wrote
    assert yard.ended(job_id).state == "done"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_broker_that_dies_takes_nothing_with_it(yard, broker, broker_url) -> None:
    yard.start_worker()
    assert yard.ended(yard.order("echo")).state == "done"
    with redis.Redis.from_url(broker_url) as client:
        yard.until(lambda: client.hlen("unacked") == 0)
    broker.terminate()
    with pytest.raises(OperationalError):
        yard.order("echo")  # the bell has no sound, but the job is kept
    broker.start()
    # A worker whose acknowledgement is cut off may end (kombu cannot restore the message); jobs do not.
    yard.until(lambda: yard.done() == ["done", "done"], supervised=True)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_silent_workers_are_seen_to_while_all_others_are_busy(yard, kill_worker) -> None:
    """Nobody is free to take the schedule's messages; its clock does it by itself."""
    first = yard.start_worker()
    job_id = yard.order("hang_once")
    yard.until(lambda: yard.done() == ["begun"])
    kill_worker(first)
    yard.start_worker()
    busy = [yard.order("hang_once") for _ in range(2)]
    yard.until(lambda: all(yard.job(one).state == "leased" for one in busy))
    yard.until(lambda: yard.job(job_id).state == "queued")
