from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.database import Database
from records.errors import NotFound
from records.models import Paper
from records.repositories import Audit, Papers, Runs

words = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=8,
)


def test_a_run_keeps_its_question_plan_and_corpus(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        papers = Papers(session, workspace_id)
        corpus = [
            papers.add(Paper(title=title, title_key=title, abstract="", source="f"), [])
            for title in ("b", "a", "c")
        ]
        run = Runs(session, workspace_id).create("How?", "So far.", {"seed": 7}, [*corpus, corpus[0]])
    with database.read() as session:
        runs = Runs(session, workspace_id)
        kept = runs.get(run.id)
        assert (kept.state, kept.stage, kept.plan, kept.outcome) == ("created", "", {"seed": 7}, {})
        assert kept.created_at.tzinfo is UTC
        assert (runs.question(run.id).text, runs.question(run.id).survey) == ("How?", "So far.")
        assert runs.paper_ids(run.id) == corpus


def test_a_run_ends_once_and_may_be_taken_up_again(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        runs = Runs(session, workspace_id)
        run = runs.create("How?", "", {}, [])
        runs.set_stage(run.id, "rank")
        runs.set_state(run.id, "stopped")
        assert (run.state, run.stage) == ("stopped", "rank")
        assert run.finished_at is not None
        runs.set_state(run.id, "running")
        assert run.finished_at is None
        with pytest.raises(ValueError, match="lost"):
            runs.set_state(run.id, "lost")  # type: ignore[arg-type]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(st.dictionaries(words, values, max_size=3), max_size=4))
def test_outcomes_merge_like_dicts(
    database: Database, workspace_id: str, changes: list[dict[str, Any]]
) -> None:
    expected: dict[str, Any] = {}
    with database.write() as session:
        run_id = Runs(session, workspace_id).create("How?", "", {}, []).id
    for change in changes:
        with database.write() as session:
            Runs(session, workspace_id).set_outcome(run_id, change)
        expected |= change
    with database.read() as session:
        assert Runs(session, workspace_id).get(run_id).outcome == expected


def test_another_workspace_can_neither_see_nor_change_a_run(
    database: Database, workspace_id: str, stranger_id: str
) -> None:
    with database.write() as session:
        paper_id = Papers(session, workspace_id).add(
            Paper(title="t", title_key="t", abstract="", source="f"), []
        )
        run_id = Runs(session, workspace_id).create("How?", "", {}, [paper_id]).id
        theirs = Runs(session, stranger_id)
        assert theirs.recent() == []
        for attempt in (
            lambda: theirs.get(run_id),
            lambda: theirs.question(run_id),
            lambda: theirs.paper_ids(run_id),
            lambda: theirs.set_state(run_id, "failed"),
            lambda: theirs.set_stage(run_id, "rank"),
            lambda: theirs.set_outcome(run_id, {"rank": []}),
            lambda: theirs.create("Mine?", "", {}, [paper_id]),
        ):
            with pytest.raises(NotFound):
                attempt()
    with database.read() as session:
        run = Runs(session, workspace_id).get(run_id)
        assert (run.state, run.stage, run.outcome) == ("created", "", {})


def test_recent_runs_come_newest_first(database: Database, workspace_id: str) -> None:
    with database.write() as session:
        runs = Runs(session, workspace_id)
        made = [runs.create(f"{i}?", "", {}, []).id for i in range(3)]
        assert [run.id for run in runs.recent(2)] == made[:0:-1]


def test_the_audit_trail_is_of_one_workspace(database: Database, workspace_id: str, stranger_id: str) -> None:
    with database.write() as session:
        Audit(session, workspace_id).add("ada", "result.entered", "experiment", "x", {"score": 3.5})
        Audit(session, workspace_id).add("ben", "result.withdrawn", "experiment", "x")
        events = Audit(session, workspace_id).of("experiment", "x")
        assert [(event.actor, event.detail) for event in events] == [("ada", {"score": 3.5}), ("ben", {})]
        assert Audit(session, stranger_id).of("experiment", "x") == []
