"""The simulated laboratory asked how good it is, and why."""

from __future__ import annotations

import json

import pytest
from command import DEMO, ROOT

OUTCOMES = ROOT / "tests" / "agents" / "benchmarks" / "outcomes.json"
TRUTH = DEMO / "ground_truth.json"


def test_a_calibration_is_fitted_and_used(touchstone, tmp_path):
    fitted = touchstone("simulator", "fit", "--outcomes", OUTCOMES, "--out", tmp_path / "fit.json")
    assert fitted.code == 0, fitted.err
    assert "3 perfectly ordered" in fitted.out
    made = json.loads((tmp_path / "fit.json").read_text())
    assert (made["groups"], made["fitted_on"]) == (3, "outcomes.json")
    picture = tmp_path / "plot.png"
    done = touchstone(
        *("bench", "simulator", "--outcomes", OUTCOMES, "--calibration", tmp_path / "fit.json"),
        *("--json", "--out", picture),
    )
    assert done.code == 0, done.err
    answer = json.loads(done.out)
    assert answer["perfect"] == 3
    assert len(answer["groups"]) == 3
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_what_if_shows_each_match_and_the_response(touchstone):
    done = touchstone(
        *("simulator", "explain", TRUTH, "--point", "poly(vinyl alcohol) hydrogel: matrix"),
        *("--point", "no guanidinium sulfate dissolved in the gel electrolyte"),
    )
    assert done.code == 0, done.err
    assert "same" in done.out
    assert "R = 0" in done.out  # what weighs most is denied


MISTAKES = {
    "an unknown matcher": (
        ["bench", "simulator", "--outcomes", OUTCOMES, "--matcher", "x"],
        "no matcher 'x'",
    ),
    "no outcomes": (["bench", "simulator", "--outcomes", "no.json"], "There is no file no.json"),
    "a calibration that is none": (
        ["bench", "simulator", "--outcomes", OUTCOMES, "--calibration", OUTCOMES],
        "no calibration",
    ),
    "a place that cannot be written": (
        ["bench", "simulator", "--outcomes", OUTCOMES, "--out", "/proc/plot.png"],
        "choose another --out",
    ),
    "a model to fit": (["simulator", "fit", "--outcomes", OUTCOMES, "--matcher", "llm"], "nothing to fit"),
    "no candidate": (["simulator", "explain", TRUTH], "as a text or by --point"),
    "a candidate that names nothing": (["simulator", "explain", TRUTH, "this is it"], "say what is used"),
}


@pytest.mark.parametrize(("arguments", "advice"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_in_one_line(touchstone, tmp_path, arguments, advice):
    done = touchstone(*arguments)
    assert (done.code, done.out) == (2, "")
    assert advice in done.err
    assert done.err.count("\n") == 1
