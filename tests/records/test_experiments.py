from __future__ import annotations

import math

import pytest

from records.database import Database
from records.errors import BadInput, Conflict, NotFound
from records.models import ModelCall
from records.repositories import Experiments, ModelCalls


def test_the_same_recommendation_is_the_same_experiment(database, workspace_id, content) -> None:
    ids = []
    for _ in range(2):
        with database.write() as session:
            experiments = Experiments(session, workspace_id)
            ids.append(experiments.recommend(content.run_id, 0, content.hypothesis_ids[0], "surrogate").id)
    assert ids[0] == ids[1]
    with pytest.raises(Conflict) as caught, database.write() as session:
        Experiments(session, workspace_id).recommend(
            content.run_id, 0, content.hypothesis_ids[1], "surrogate"
        )
    assert caught.value.code == "experiment_exists"


def test_a_result_told_twice_counts_once(database, workspace_id, content) -> None:
    with database.write() as session:
        experiments = Experiments(session, workspace_id)
        experiment_id = experiments.recommend(content.run_id, 0, content.hypothesis_ids[0], "surrogate").id
    for _ in range(2):
        with database.write() as session:
            Experiments(session, workspace_id).record(
                experiment_id, score=3.7, sem=0.1, unit="mV/K", source="ada"
            )
    with database.read() as session:
        (experiment,) = Experiments(session, workspace_id).of_run(content.run_id)
        assert experiment.state == "done"
        assert experiment.finished_at is not None
        assert [(result.score, result.unit) for result in experiment.results] == [(3.7, "mV/K")]


def test_another_result_for_the_same_replicate_is_a_conflict(database, workspace_id, content) -> None:
    with database.write() as session:
        experiments = Experiments(session, workspace_id)
        experiment_id = experiments.recommend(content.run_id, 0, content.hypothesis_ids[0], "surrogate").id
        experiments.record(experiment_id, score=3.7, source="ada")
    with pytest.raises(Conflict), database.write() as session:
        Experiments(session, workspace_id).record(experiment_id, score=9.9, source="ben")
    with database.write() as session:
        Experiments(session, workspace_id).record(experiment_id, 1, score=9.9, source="ben")
        experiment = Experiments(session, workspace_id).get(experiment_id)
        assert [result.score for result in experiment.results] == [3.7, 9.9]


def test_a_failed_replicate_does_not_undo_a_measured_one(database, workspace_id, content) -> None:
    with database.write() as session:
        experiments = Experiments(session, workspace_id)
        experiment = experiments.recommend(content.run_id, 0, content.hypothesis_ids[0], "surrogate")
        assert experiment.state == "pending"
        experiments.record(experiment.id, 0, status="failed", source="ada", note="it gelled")
        assert experiment.state == "failed"
        experiments.record(experiment.id, 1, score=1.0, source="ada")
        assert experiment.state == "done"
        experiments.record(experiment.id, 2, status="failed", source="ada")
        assert experiment.state == "done"


@pytest.mark.parametrize(
    "result",
    [
        {"score": None},
        {"score": math.nan},
        {"score": math.inf},
        {"score": 1.0, "sem": -0.1},
        {"score": 1.0, "sem": math.nan},
        {"score": 1.0, "cost": -1.0},
        {"score": 1.0, "replicate": -1},
        {"status": "failed", "score": 1.0},
        {"status": "maybe", "score": 1.0},
    ],
)
def test_what_is_no_result_is_refused(database, workspace_id, content, result) -> None:
    with database.write() as session:
        experiments = Experiments(session, workspace_id)
        experiment = experiments.recommend(content.run_id, 0, content.hypothesis_ids[0], "surrogate")
        with pytest.raises(BadInput) as caught:
            experiments.record(experiment.id, source="ada", **result)
        assert caught.value.code == "bad_result"
        assert experiment.state == "pending"


def test_another_workspace_finds_no_experiment(database, workspace_id, stranger_id, content) -> None:
    with database.write() as session:
        experiment = Experiments(session, workspace_id).recommend(
            content.run_id, 0, content.hypothesis_ids[0], "surrogate"
        )
        theirs = Experiments(session, stranger_id)
        assert theirs.of_run(content.run_id) == []
        for attempt in (
            lambda: theirs.get(experiment.id),
            lambda: theirs.record(experiment.id, score=1.0, source="mallory"),
            lambda: theirs.recommend(content.run_id, 1, content.hypothesis_ids[0], "surrogate"),
        ):
            with pytest.raises(NotFound):
                attempt()


def test_a_call_is_kept_as_it_was_first_answered(database: Database, content) -> None:
    def call(answer: str, key: str = "k") -> ModelCall:
        return ModelCall(
            run_id=content.run_id,
            call_key=key,
            purpose="propose",
            model="m",
            prompt_version="1",
            answer=answer,
            prompt_tokens=100,
            completion_tokens=20,
            cost=0.5,
        )

    with database.write() as session:
        calls = ModelCalls(session)
        assert calls.find(content.run_id, "k") is None
        calls.add(call("first"))
        assert calls.add(call("second")).answer == "first"
        calls.add(call("other", key="l"))
        totals = calls.totals(content.run_id)
        assert (totals.calls, totals.prompt_tokens, totals.completion_tokens, totals.cost) == (
            2,
            200,
            40,
            1.0,
        )
        assert calls.totals("no run").calls == 0
