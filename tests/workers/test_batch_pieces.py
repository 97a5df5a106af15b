"""What a worker does with a piece of a batch, also when it is cut off or poisoned."""

from __future__ import annotations

import time
from typing import Any

import pytest

from config import Settings
from records.repositories import Batches, Jobs
from workers.campaigns import handed
from workers.kinds import batches as kind
from workers.orders import order_batch
from workers.performing import Bounds, perform
from workers.reconcile import reconcile

CAMPAIGN = {"candidates": [{"id": "a", "prior": 1.0}, {"id": "b", "prior": 2.0}]}


@pytest.fixture
def batch_id(database, workspace_id, monkeypatch: pytest.MonkeyPatch) -> str:
    """Five campaigns in one piece, and this test's database for the handler."""
    monkeypatch.setattr(kind, "database", lambda: database)
    with database.write() as session:
        batch = Batches(session, workspace_id).create("five", [handed(CAMPAIGN)] * 5, "Ada")
        order_batch(session, workspace_id, batch.id, batch.campaigns)
    return batch.id


def waiting_jobs(database) -> list[str]:
    with database.read() as session:
        return [job.id for job in reversed(Jobs(session).recent()) if job.state == "queued"]


def counts(database, workspace_id, batch_id) -> dict[str, int]:
    with database.read() as session:
        return Batches(session, workspace_id).counts(batch_id)


def test_a_piece_that_was_cut_off_goes_on_where_it_was(database, workspace_id, batch_id, monkeypatch) -> None:
    ranked: list[int] = []
    real = kind.rank

    def breaking(asked: Any) -> dict[str, Any]:
        if len(ranked) == 3:
            raise KeyboardInterrupt  # as abrupt as a kill: nothing behind it runs
        ranked.append(1)
        return real(asked)

    monkeypatch.setattr(kind, "KEEP_EVERY_S", 0.0)
    monkeypatch.setattr(kind, "rank", breaking)
    (job_id,) = waiting_jobs(database)
    with pytest.raises(KeyboardInterrupt):
        perform(database, Settings(), job_id, kind.rank_batch, Bounds(lease_s=0.01))
    assert counts(database, workspace_id, batch_id) == {"done": 3, "queued": 2}
    monkeypatch.setattr(kind, "rank", lambda asked: (ranked.append(1), real(asked))[1])
    time.sleep(0.1)  # a last heartbeat may have prolonged the lease
    assert reconcile(database).rung == 1
    assert perform(database, Settings(), job_id, kind.rank_batch)
    assert counts(database, workspace_id, batch_id) == {"done": 5}
    assert len(ranked) == 5
    with database.read() as session:
        assert Batches(session, workspace_id).get(batch_id).state == "done"
        assert Jobs(session).get(job_id).result == {"campaigns": 2}


def test_an_answer_is_kept_once_whoever_comes_second(database, workspace_id, batch_id) -> None:
    with database.write() as session:
        batches = Batches(session, workspace_id)
        first = batches.waiting(batch_id, 0, 4)[0]
        assert batches.settle(first.id, {"by": "one"})
        assert not batches.settle(first.id, {"by": "two"})
        assert not batches.fail(first.id, "late")
        assert batches.campaigns(batch_id, 1)[0].answer == {"by": "one"}


def test_a_campaign_that_kills_its_workers_fails_alone(database, workspace_id, batch_id) -> None:
    (job_id,) = waiting_jobs(database)
    with database.write() as session:  # what was done before the third worker died
        batches = Batches(session, workspace_id)
        for row in batches.waiting(batch_id, 0, 1):
            batches.settle(row.id, {})
    for _ in range(3):
        with database.write() as session:
            Jobs(session).claim(job_id, lease_s=-1)
        reconcile(database)
    assert counts(database, workspace_id, batch_id) == {"done": 2, "failed": 1, "queued": 2}
    with database.read() as session:
        (failed,) = Batches(session, workspace_id).campaigns(batch_id, 9, state="failed")
        assert (failed.position, "worker died" in failed.reason) == (2, True)
    (rest,) = waiting_jobs(database)
    assert perform(database, Settings(), rest, kind.rank_batch)
    assert counts(database, workspace_id, batch_id) == {"done": 4, "failed": 1}
    with database.read() as session:
        assert Batches(session, workspace_id).get(batch_id).state == "done"
