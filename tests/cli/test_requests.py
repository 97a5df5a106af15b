"""A request that cannot be met is told in one line, before anything is made or kept."""

from __future__ import annotations

import json

import pytest
from command import DEMO

REACTIONS = DEMO / "reactions" / "direct_arylation.csv"

MISTAKES = {
    "a question of 20,000 characters": (["run", "x" * 20_000], "20,000 characters; at most 4,000"),
    "an empty question": (["run", ""], "the question is empty"),
    "no question": (["run"], "the question is empty"),
    "a budget of 0": (["run", "Q?", "--budget", 0], "--budget is 0; it should be 1 to"),
    "one hypothesis": (["run", "Q?", "--hypotheses", 1], "--hypotheses is 1; it should be 2 to"),
    "half a hypothesis": (["run", "Q?", "--hypotheses", 2.5], "See: touchstone run --help"),
    "an unknown reasoner": (["run", "Q?", "--reasoner", "oracle"], "use extractive or llm"),
    "an unknown laboratory": (["run", "Q?", "--lab", "bench"], "use simulated:FILE, recorded:"),
    "an unknown option": (["run", "Q?", "--bugdet", 5], "No such option: --bugdet"),
    "an unknown command": (["rum"], "See: touchstone --help"),
    "an unknown column": (["run", "Q?", "--lab", f"recorded:{REACTIONS}:NOPE"], "it has Base, Ligand,"),
    "a table that is not there": (["run", "Q?", "--lab", "recorded:no.csv:y"], "There is no file no.csv"),
    "a survey that is not there": (["run", "Q?", "--survey", "no.txt"], "There is no file no.txt"),
    "a question to resume with": (["run", "Q?", "--resume", "R"], "a question or --resume RUN, not both"),
    "a result without a value": (["result", "E"], "either --score VALUE or --failed"),
    "a result that also failed": (["result", "E", "--score", 1, "--failed"], "either --score"),
    "nothing to ingest": (["ingest"], "See: touchstone ingest --help"),
}


@pytest.mark.parametrize(("arguments", "advice"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_line(touchstone, tmp_path, arguments, advice):
    done = touchstone(*arguments)
    assert (done.code, done.out) == (2, "")
    assert advice in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


TRUTHS = {
    "no JSON": ("key_points: none", "is no JSON"),
    "no key points": ({"noise": 0.1}, "needs a list 'key_points'"),
    "negative noise": ({"key_points": [{"name": "gel", "weight": 100}], "noise": -1}, "'noise' in"),
    "no weight": ({"key_points": [{"name": "gel", "weight": 0}]}, "needs a weight above 0"),
}


@pytest.mark.parametrize(("truth", "advice"), TRUTHS.values(), ids=TRUTHS)
def test_a_hidden_answer_that_is_none_is_refused(touchstone, tmp_path, truth, advice):
    path = tmp_path / "truth.json"
    path.write_text(truth if isinstance(truth, str) else json.dumps(truth))
    done = touchstone("run", "Q?", "--lab", f"simulated:{path}")
    assert (done.code, done.out) == (2, "")
    assert advice in done.err
    assert done.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [path]


SETTINGS = {
    "a timeout in letters": ({"REASONER__TIMEOUT_S": "abc"}, "TOUCHSTONE_REASONER__TIMEOUT_S: "),
    "an unknown setting": ({"REASONER__SPEED": "1"}, "TOUCHSTONE_REASONER__SPEED: "),
    "a part that is no JSON": ({"REASONER": "llm"}, "reasoner"),
    "an unknown log level": ({"LOG_LEVEL": "loud"}, "TOUCHSTONE_LOG_LEVEL: Input should be 'DEBUG'"),
    "a database URL that is nonsense": ({"DATABASE_URL": "nonsense"}, "try sqlite:///path/to/file.db"),
    "a database of another kind": (
        {"DATABASE_URL": "mysql://a/b"},
        "sqlite:///path/to/file.db or postgresql",
    ),
}


@pytest.mark.parametrize(("settings", "advice"), SETTINGS.values(), ids=SETTINGS)
def test_a_setting_that_cannot_be_is_named(touchstone, tmp_path, settings, advice):
    done = touchstone("result", "E", "--failed", **settings)
    assert (done.code, done.out) == (2, "")
    assert advice in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_language_model_that_does_not_answer_is_named_before_anything_is_kept(touchstone, tmp_path):
    touchstone.settings["REASONER__BASE_URL"] = "http://127.0.0.1:9/v1"
    done = touchstone("run", "Q?", "--reasoner", "llm", "--corpus", DEMO / "literature.jsonl")
    assert (done.code, done.out) == (2, "")
    assert "no language model answers at http://127.0.0.1:9/v1; start one there" in done.err
    assert done.err.count("\n") == 1
    assert not list(tmp_path.iterdir())
