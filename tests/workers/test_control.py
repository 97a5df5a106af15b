"""A run told to pause, to go on, or to end, while a worker is at it; and what it tells meanwhile."""

from __future__ import annotations

from typing import Any

import pytest

from agents.plan import LaboratorySpec, Plan
from records.repositories import Jobs, RunControl, RunEvents, Runs
from workers.kinds import discovery
from workers.orders import order_run
from workers.performing import perform

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

TABLE = LaboratorySpec(
    kind="recorded",
    label="recorded:table.csv:yield",
    column="yield",
    rows=[
        {"key": f"{base}|{heat}", "features": {"Base": base, "Temp_C": heat}, "values": [heat / 10]}
        for base in ("KOAc", "CsOAc", "CsOPiv")
        for heat in (90.0, 105.0, 120.0)
    ],
)


@pytest.fixture
def run_id(database, workspace_id) -> str:
    plan = Plan(laboratory=TABLE, budget=4).model_dump(mode="json")
    with database.write() as session:
        return Runs(session, workspace_id).create("Which base?", "", plan, []).id


@pytest.fixture
def work(database, workspace_id, here, run_id):
    """Order the run and do the job: the run's state, and what the job came to."""

    def work() -> tuple[str, Any]:
        with database.write() as session:
            job_id = order_run(session, workspace_id, run_id).id
        assert perform(database, here, job_id, discovery.run_question)
        with database.read() as session:
            return Runs(session, workspace_id).get(run_id).state, Jobs(session).get(job_id).result

    return work


def events(database, workspace_id, run_id, kind: str) -> list[dict[str, Any]]:
    with database.read() as session:
        found = RunEvents(session, workspace_id).after(run_id, limit=1000)
    return [event.detail for event in found if event.kind == kind]


def test_a_run_tells_its_states_and_stages(database, workspace_id, run_id, work) -> None:
    assert work() == ("done", {"state": "done"})
    assert [one["state"] for one in events(database, workspace_id, run_id, "state")] == ["running", "done"]
    stages = [one["stage"] for one in events(database, workspace_id, run_id, "stage")]
    assert (stages[0], stages.count("measure"), stages[-1]) == ("propose", 4, "conclude")


@pytest.mark.parametrize(("wish", "state"), [("pause", "paused"), ("cancel", "cancelled")])
def test_a_wish_is_obeyed_before_the_next_step(
    database, workspace_id, run_id, work, monkeypatch, wish, state
) -> None:
    set_stage = Runs.set_stage

    def wishing(runs: Runs, run: str, stage: str) -> None:
        set_stage(runs, run, stage)
        if stage == "cluster":
            getattr(RunControl(runs._session, workspace_id), wish)(run)

    with monkeypatch.context() as patched:
        patched.setattr(Runs, "set_stage", wishing)
        assert work() == (state, {"state": state})
    stages = [one["stage"] for one in events(database, workspace_id, run_id, "stage")]
    assert stages == ["propose", "decompose", "cluster"]
    assert work() == (state, {"state": state})  # another job for it does nothing
    if wish == "pause":
        with database.write() as session:
            RunControl(session, workspace_id).resume(run_id)
        assert work()[0] == "done"
        stages = [one["stage"] for one in events(database, workspace_id, run_id, "stage")]
        assert stages.count("cluster") == 1


def test_progress_is_told_at_most_once_a_second(database, workspace_id, here, run_id) -> None:
    tell = discovery.teller(workspace_id, run_id)
    for done in range(101):
        tell("Embedding passages", done, 100)
    tell("Reading", 0, 1)
    told = events(database, workspace_id, run_id, "progress")
    assert [(one["stage"], one["done"]) for one in told] == [
        ("Embedding passages", 0),
        ("Embedding passages", 100),
        ("Reading", 0),
    ]
