"""``touchstone doctor`` says what is wrong and what to do, and nothing is wrong where all is well."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from contextlib import closing

from config import Settings
from records.base import now
from records.database import Database
from records.models import Job
from records.repositories import Jobs, Workspaces
from workers.doctor import examine
from workers.orders import order_retention


def ill(settings: Settings) -> dict[str, str]:
    """What is bad, and what is said of it."""
    return {finding.name: finding.says for finding in examine(settings) if finding.state == "bad"}


def test_all_is_well_where_the_service_runs(service):
    service.start()
    told = service.run("doctor", "--json")
    findings = {finding["name"]: finding for finding in json.loads(told.stdout)["findings"]}
    assert {finding["state"] for finding in findings.values()} == {"ok"}, findings
    assert told.returncode == 0
    assert {"database", "broker", "workers", "schedule", "jobs", "index", "clock"} <= findings.keys()
    assert "embedded@" in findings["workers"]["says"]

    stopped = service.part("--quiet beat") + service.part("-m api")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)  # there, and yet not at work
    told = service.run("doctor")
    for pid in stopped:
        os.kill(pid, signal.SIGCONT)
    lines = {line.split()[1]: line.split()[0] for line in told.stdout.splitlines()}
    assert told.returncode == 1
    assert (lines["schedule"], lines["service"], lines["workers"]) == ("bad", "bad", "ok"), told.stdout


def test_a_new_machine_is_told_what_will_be_made(tmp_path):
    findings = list(examine(Settings(data_dir=tmp_path / "nothing")))
    assert {finding.state for finding in findings} == {"ok", "warning"}
    assert any("touchstone migrate" in finding.says for finding in findings)
    assert not (tmp_path / "nothing").exists()


def test_an_old_database_wants_to_be_migrated(tmp_path):
    settings = Settings(data_dir=tmp_path)
    database = Database(settings.database)
    database.migrate()
    database.close()
    with closing(sqlite3.connect(tmp_path / "touchstone.db")) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    assert "touchstone migrate" in ill(settings)["database"]


def test_a_secret_that_others_may_read_is_named(tmp_path):
    key = tmp_path / "secret.key"
    key.write_text("hush")
    key.chmod(0o644)
    assert f"chmod 600 {key}" in ill(Settings(data_dir=tmp_path))["secrets"]


def test_a_job_that_nobody_sees_to_is_found(tmp_path):
    settings = Settings(data_dir=tmp_path)
    database = Database(settings.database)
    database.migrate()
    with database.write() as session:
        job_id = order_retention(session, Workspaces(session).get_or_create("local").id).id
        assert Jobs(session).claim(job_id, -1000.0) is not None
    database.close()
    assert "1 stuck" in ill(settings)["jobs"]


def test_a_clock_that_was_set_back_is_noticed(tmp_path):
    settings = Settings(data_dir=tmp_path)
    database = Database(settings.database)
    database.migrate()
    with database.write() as session:
        job_id = order_retention(session, Workspaces(session).get_or_create("local").id).id
        tomorrow = now().replace(year=now().year + 1)
        session.get_one(Job, job_id).created_at = tomorrow
    database.close()
    assert "clock" in ill(settings)


def test_services_that_do_not_answer_are_named(tmp_path, free_address):
    url = f"http://{free_address}"
    settings = Settings(
        data_dir=tmp_path,
        broker={"url": f"redis://{free_address}/0"},
        index={"url": url},
        reasoner={"base_url": f"{url}/v1"},
        database_url=f"postgresql://nobody@{free_address}/none",
        embedding={"model": "/no/such/folder"},
    )
    assert ill(settings).keys() == {"broker", "index", "reasoner", "database", "embedding model"}
