"""``touchstone jobs``: what failed, why, and having it tried again."""

from __future__ import annotations

from records.database import Database
from records.repositories import Jobs, Workspaces
from workers.orders import order_search


def test_a_dead_job_is_shown_with_its_reason_and_can_be_tried_again(touchstone) -> None:
    touchstone.data_dir.mkdir()
    database = Database(f"sqlite:///{touchstone.data_dir / 'touchstone.db'}")
    database.migrate()
    with database.write() as session:
        workspace_id = Workspaces(session).get_or_create("local").id
        job_id = order_search(session, workspace_id, "gel").id
        jobs = Jobs(session)
        jobs.fail(job_id, jobs.claim(job_id, 60) or 0, "no model", again=False)
    database.close()

    shown = touchstone("jobs", "--dead")
    assert shown.code == 0
    assert job_id in shown.out
    assert "no model" in shown.out
    assert touchstone("jobs", "retry", job_id).code == 0
    assert touchstone("jobs", "--dead").out.strip() == "No dead jobs."
    again = touchstone("jobs", "retry", job_id)
    assert (again.code, len(again.err.splitlines())) == (2, 1)
