"""What the schedule orders: feeds in their time, housekeeping, and nothing twice."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from config import Settings
from records.base import now
from records.cron import next_time
from records.errors import BadInput, Conflict, NotFound
from records.models import Feed, Job, Paper
from records.repositories import Feeds, Jobs, Papers
from workers.timetable import order_what_is_due


def kinds(database) -> list[str]:
    with database.read() as session:
        return sorted(job.kind for job in Jobs(session).recent(1000))


def make_due(database, feed_id: str, since: timedelta = timedelta(days=3)) -> None:
    with database.write() as session:
        session.execute(update(Feed).where(Feed.id == feed_id).values(next_run_at=now() - since))


@pytest.fixture
def feed_id(database, workspace_id) -> str:
    with database.write() as session:
        return Feeds(session, workspace_id).create("inbox", "folder", "gels", "0 6 * * 1").id


def test_a_time_that_comes_again_is_found_and_nonsense_is_refused() -> None:
    at = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)  # a Tuesday
    assert next_time("0 6 * * 1", at) == datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
    for wrong in ("", "every day", "61 * * * *", "0 0 30 2 *", "* * * * * *"):
        with pytest.raises(BadInput) as error:
            next_time(wrong, at)
        assert error.value.code == "bad_cron"


def test_a_feed_is_looked_into_once_however_many_times_were_missed(database, workspace_id, feed_id) -> None:
    order_what_is_due(database)
    assert "run_feed" not in kinds(database)
    make_due(database, feed_id, timedelta(days=90))
    order_what_is_due(database)
    order_what_is_due(database)
    assert kinds(database).count("run_feed") == 1
    with database.read() as session:
        feed = Feeds(session, workspace_id).get(feed_id)
        assert feed.next_run_at > now()
        assert feed.version == 1  # nobody has changed it


def test_two_schedules_at_once_order_nothing_twice(database, workspace_id, feed_id) -> None:
    with database.write() as session:
        paper = Paper(title="Gels", title_key="gels", abstract="", source="f")
        Papers(session, workspace_id).add(paper, [])
    for _ in range(5):
        make_due(database, feed_id)
        start = threading.Barrier(4)

        def schedule(start: threading.Barrier = start) -> None:
            start.wait()
            order_what_is_due(database)

        schedules = [threading.Thread(target=schedule) for _ in range(4)]
        for one in schedules:
            one.start()
        for one in schedules:
            one.join()
    assert kinds(database) == ["check_index", "retention"] + ["run_feed"] * 5


def test_housekeeping_comes_again_after_its_time(database, workspace_id) -> None:
    order_what_is_due(database)
    assert kinds(database) == ["retention"]  # no papers, so no index to check
    with database.write() as session:
        session.execute(update(Job).values(created_at=now() - timedelta(hours=25)))
    order_what_is_due(database)
    assert kinds(database) == ["retention", "retention"]


def test_a_feed_that_rests_is_left_alone_until_it_is_active_again(database, workspace_id, feed_id) -> None:
    with database.write() as session:
        feed = Feeds(session, workspace_id).change(feed_id, {"active": False})
        assert (feed.next_run_at, feed.version) == (None, 2)
    order_what_is_due(database)
    assert "run_feed" not in kinds(database)
    with database.write() as session:
        assert Feeds(session, workspace_id).change(feed_id, {"active": True}).next_run_at > now()


def test_feeds_keep_to_their_names_and_their_workspace(database, workspace_id, feed_id, stranger_id) -> None:
    with pytest.raises(Conflict), database.write() as session:
        Feeds(session, workspace_id).create("inbox", "folder", "other", "0 6 * * 1")
    with pytest.raises(BadInput), database.write() as session:
        Feeds(session, workspace_id).create("web", "everything", "", "0 6 * * 1")
    with database.read() as session:
        with pytest.raises(NotFound):
            Feeds(session, stranger_id).get(feed_id)
        assert Feeds(session, stranger_id).page(10) == []


@pytest.fixture
def stranger_id(database) -> str:
    from records.repositories import Workspaces

    with database.write() as session:
        return Workspaces(session).get_or_create("somebody else").id


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_file_of_a_folder_is_read_once(yard, tmp_path: Path) -> None:
    """A real worker and its schedule: the feed is due at once, and again."""
    folder = tmp_path / "data" / "inbox" / "local" / "gels"
    (folder / "2026").mkdir(parents=True)
    line = '{"title": "%s", "abstract": "Organic salts widen the thermopower of gel cells."}\n'
    (folder / "one.jsonl").write_text(line % "Gel thermocells")
    (folder / "2026" / "two.jsonl").write_text(line % "Salts in gels" + line % "Gel thermocells")
    (folder / "bad.jsonl").write_text("no json")
    (folder / "secret.jsonl").symlink_to(tmp_path / "elsewhere.jsonl")
    (tmp_path / "elsewhere.jsonl").write_text(line % "Not to be read")
    for path in folder.rglob("*.jsonl"):
        os.utime(path, (time.time() - 60, time.time() - 60), follow_symlinks=False)
    with yard.database.write() as session:
        feed_id = Feeds(session, yard.workspace_id).create("gels", "folder", "gels", "* * * * *").id
    make_due(yard.database, feed_id)
    yard.start_worker("trial_schedule")

    def result() -> dict:
        with yard.database.read() as session:
            return Feeds(session, yard.workspace_id).get(feed_id).last_result or {}

    yard.until(lambda: result().get("added") == 2)
    first = result()
    assert (first["known"], first["failed"], first["down"]) == (1, 2, None)
    make_due(yard.database, feed_id)
    yard.until(lambda: result().get("added") == 0)
    assert result()["failed"] == 0
    with yard.database.read() as session:
        assert Papers(session, yard.workspace_id).count() == 2


def test_settings_name_a_limit_for_every_kind_of_job() -> None:
    from workers.orders import QUEUE_OF
    from workers.tasks import HANDLERS

    assert set(QUEUE_OF) == set(HANDLERS) == set(type(Settings().worker.limits).model_fields)
