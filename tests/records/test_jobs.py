from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from records.base import now
from records.database import Database
from records.errors import NotFound
from records.models import Outbox
from records.repositories import Jobs


def enqueue(database: Database, workspace_id: str, max_attempts: int = 3) -> str:
    with database.write() as session:
        return (
            Jobs(session).enqueue(workspace_id, "run", "runs", {"n": 1}, "task", max_attempts=max_attempts).id
        )


def test_a_job_and_its_message_are_written_together_or_not_at_all(database, workspace_id) -> None:
    def enqueue_and_break() -> None:
        with database.write() as session:
            Jobs(session).enqueue(workspace_id, "run", "runs", {}, "task")
            raise KeyError

    with pytest.raises(KeyError):
        enqueue_and_break()
    with database.read() as session:
        assert Jobs(session).unsent() == []
    job_id = enqueue(database, workspace_id)
    with database.write() as session:
        (message,) = Jobs(session).unsent()
        assert (message.job_id, message.task, message.queue) == (job_id, "task", "runs")
        Jobs(session).mark_sent([message.id])
        assert Jobs(session).unsent() == []


def test_of_many_claimers_at_once_one_wins(database, workspace_id) -> None:
    job_id = enqueue(database, workspace_id)
    start, won = threading.Barrier(8), []

    def claim() -> None:
        start.wait()
        with database.write() as session:
            won.append(Jobs(session).claim(job_id, 60))

    claimers = [threading.Thread(target=claim) for _ in range(8)]
    for claimer in claimers:
        claimer.start()
    for claimer in claimers:
        claimer.join()
    assert sorted(won, key=str) == [1] + [None] * 7


def test_a_worker_given_up_for_dead_changes_nothing(database, workspace_id) -> None:
    job_id = enqueue(database, workspace_id)
    with database.write() as session:
        jobs = Jobs(session)
        stale = jobs.claim(job_id, lease_s=-1)  # its lease has run out already
        fresh = jobs.claim(job_id, lease_s=60)
        assert (stale, fresh) == (1, 2)
        assert not jobs.heartbeat(job_id, stale, 60)
        assert not jobs.finish(job_id, stale)
        assert not jobs.fail(job_id, stale, "late")
        assert jobs.get(job_id).state == "leased"
        assert jobs.heartbeat(job_id, fresh, 60)
        assert jobs.finish(job_id, fresh)
        assert jobs.claim(job_id, 60) is None
        assert jobs.get(job_id).state == "done"


def test_a_failed_job_rings_again_until_its_attempts_are_spent(database, workspace_id) -> None:
    job_id = enqueue(database, workspace_id, max_attempts=2)
    with database.write() as session:
        jobs = Jobs(session)
        assert jobs.fail(job_id, jobs.claim(job_id, 60), "no memory")
        assert (jobs.get(job_id).state, len(jobs.unsent())) == ("queued", 2)
        assert jobs.fail(job_id, jobs.claim(job_id, 60), "still no memory")
        assert (jobs.get(job_id).state, jobs.get(job_id).reason) == ("dead", "still no memory")
        assert len(jobs.unsent()) == 2
        assert jobs.claim(job_id, 60) is None


def test_what_cannot_work_is_not_tried_again(database, workspace_id) -> None:
    job_id = enqueue(database, workspace_id)
    with database.write() as session:
        jobs = Jobs(session)
        assert jobs.fail(job_id, jobs.claim(job_id, 60), "no such run", again=False)
        assert jobs.get(job_id).state == "dead"


def test_a_silent_workers_job_rings_again_and_ends_dead(database, workspace_id) -> None:
    job_id = enqueue(database, workspace_id, max_attempts=2)
    with database.write() as session:
        jobs = Jobs(session)
        jobs.claim(job_id, lease_s=-1)
        assert jobs.expired() == [job_id]
        assert jobs.bury_or_ring(job_id) == "rung"
        assert jobs.expired() == []
        assert jobs.bury_or_ring(job_id) is None
        jobs.claim(job_id, lease_s=-1)
        assert jobs.bury_or_ring(job_id) == "dead"
        assert "worker" in jobs.get(job_id).reason


def test_a_bell_that_nobody_heard_is_known(database, workspace_id) -> None:
    job_id = enqueue(database, workspace_id)
    with database.write() as session:
        jobs = Jobs(session)
        assert jobs.unheard(patience_s=60) == []
        assert jobs.unheard(patience_s=-1) == [job_id]
        jobs.claim(job_id, 60)
        assert jobs.unheard(patience_s=-1) == []


def test_a_job_that_waits_its_turn_is_not_rung_for_again(database, workspace_id) -> None:
    first, second, third = (enqueue(database, workspace_id) for _ in range(3))
    with database.write() as session:
        jobs = Jobs(session)
        session.execute(update(Outbox).values(created_at=now() - timedelta(hours=1)))
        assert jobs.unheard(patience_s=60) == [first, second, third]  # nobody takes anything
        jobs.claim(first, 60)
        assert jobs.unheard(patience_s=60) == []  # their turn comes
        jobs.claim(third, 60)
        assert jobs.unheard(patience_s=60) == [second]  # a younger one was taken: its message is lost


def test_a_job_that_is_not_there(database) -> None:
    with database.write() as session:
        assert Jobs(session).claim("nothing", 60) is None
        with pytest.raises(NotFound):
            Jobs(session).get("nothing")


steps = st.lists(
    st.sampled_from(
        ["claim", "die", "finish", "fail", "heartbeat", "stale finish", "stale fail", "reconcile"]
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps, max_attempts=st.integers(1, 4))
def test_whatever_happens_a_job_ends_once_and_only_by_its_holder(
    database, workspace_id, steps, max_attempts
) -> None:
    """Against a model of five lines: who holds it, which attempts there were, and whether it ended."""
    job_id = enqueue(database, workspace_id, max_attempts)
    attempts, holder, silent, ended = 0, None, False, False
    with database.write() as session:
        jobs = Jobs(session)
        for step in steps:
            if step == "claim":
                claimed = jobs.claim(job_id, 60)
                free = not ended and attempts < max_attempts and (holder is None or silent)
                assert claimed == (attempts + 1 if free else None)
                if claimed:
                    attempts, holder, silent = claimed, claimed, False
            elif step == "die" and holder:
                jobs.heartbeat(job_id, holder, -1)
                silent = True
            elif step == "heartbeat" and holder:
                assert jobs.heartbeat(job_id, holder, 60)
                silent = False
            elif step == "finish" and holder:
                assert jobs.finish(job_id, holder)
                holder, ended = None, True
            elif step == "fail" and holder:
                assert jobs.fail(job_id, holder, "x")
                holder, ended = None, attempts == max_attempts
            elif step in ("stale finish", "stale fail"):
                stale = [attempt for attempt in range(1, attempts + 1) if attempt != holder]
                finish = step == "stale finish"
                assert not any(
                    jobs.finish(job_id, attempt) if finish else jobs.fail(job_id, attempt, "x")
                    for attempt in stale
                )
            elif step == "reconcile":
                verdict = jobs.bury_or_ring(job_id)
                if holder and silent:
                    ended = attempts == max_attempts
                    assert verdict == ("dead" if ended else "rung")
                    holder, silent = None, False
                else:
                    assert verdict is None
        assert jobs.get(job_id).attempt == attempts <= max_attempts
        assert (jobs.get(job_id).state in ("done", "dead")) == ended
