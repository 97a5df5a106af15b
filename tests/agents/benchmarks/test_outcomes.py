"""Predicted against reported outcomes, by each of the three matchers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from agents.benchmarks.judged import model_judge
from agents.benchmarks.outcomes import evidence, read_outcomes, summary, why
from agents.llm.errors import AnswerInvalid
from records.errors import BadInput
from simulator.calibration import DEVELOPMENT, fit, predicted

FILE = Path(__file__).with_name("outcomes.json")


@pytest.fixture(scope="module")
def groups():
    return read_outcomes(FILE)


@pytest.mark.parametrize("matcher", ["embedding", "recorded"])
def test_clear_groups_are_ordered_as_they_were_reported(groups, embedder, matcher):
    found = evidence(groups, embedder, matcher=matcher)
    calibration, unseen = fit([one for one, _ in found], fitted_on="three groups")
    answer = summary([predicted(calibration, one) for one, _ in found])
    assert answer["spearman"] == pytest.approx(1.0)
    assert (answer["perfect"], answer["ordered_groups"]) == (3, 3)
    assert answer["without_truth"]["spearman"] == pytest.approx(1.0)
    assert {"spearman", "perfect", "rmse", "mae", "rmsle", "without_truth", "groups"} <= set(answer)
    assert [one.name for one in unseen] == ["gel", "catalyst", "fibre"]


def test_without_the_couple_there_is_no_thermocell(groups, embedder):
    (first, _), *_ = evidence(groups, embedder)
    assert first.relevant == (True, True, False)
    assert first.truth == (False, True, False)


def test_texts_alone_are_broken_into_key_points(groups, embedder):
    bare = [
        replace(group, key_points=(), candidates=tuple(replace(one, traits=()) for one in group.candidates))
        for group in groups
    ]
    for one, _ in evidence(bare, embedder):
        assert one.similarity[one.truth.index(True)] == pytest.approx(100)
        assert max(one.similarity) == pytest.approx(100)


def test_the_order_of_candidates_decides_nothing(groups, embedder):
    turned = [replace(group, candidates=group.candidates[::-1]) for group in groups]
    for (one, _), (other, _) in zip(evidence(groups, embedder), evidence(turned, embedder), strict=True):
        assert one.similarity == pytest.approx(other.similarity[::-1])


def test_the_reported_outcome_reaches_no_matcher(groups, embedder):
    lied = [
        replace(group, candidates=tuple(replace(one, outcome=1 - one.outcome) for one in group.candidates))
        for group in groups
    ]
    for (one, _), (other, _) in zip(evidence(groups, embedder), evidence(lied, embedder), strict=True):
        assert (one.similarity, one.relevant) == (other.similarity, other.relevant)


def test_a_language_model_may_judge(groups, embedder, fake_language_model, reasoner_settings):
    for group in groups:
        for one in group.candidates:
            fake_language_model.will_say(json.dumps({"similarities": list(one.judged["similarity"])}))
    with model_judge(reasoner_settings) as judge:
        found = evidence(groups, embedder, matcher="llm", ask=judge)
    assert found[0][0].similarity == pytest.approx((86.0, 100.0, 8.0))
    shown = fake_language_model.requests[0]["messages"][1]["content"]
    assert "oriented PVA gel: channels for ions" in shown
    assert "0.7" not in shown  # the outcome is not told


def test_a_verdict_of_the_wrong_length_is_no_verdict(
    groups, embedder, fake_language_model, reasoner_settings
):
    fake_language_model.will_say(json.dumps({"similarities": [50]}))
    with model_judge(reasoner_settings) as judge, pytest.raises(AnswerInvalid, match="1 similarities for 2"):
        evidence(groups[:1], embedder, matcher="llm", ask=judge)


def test_the_worst_candidate_is_named_with_its_matches(groups, embedder):
    found = evidence(groups, embedder)
    _, unseen = fit([one for one, _ in found], fitted_on="three groups")
    told = why(unseen[1], found[1][1])
    assert "palladium acetate ← " in told
    assert "too high" in told or "too low" in told


@pytest.mark.parametrize(
    ("content", "advice"),
    [
        ("no JSON", "is no JSON"),
        ("{}", "a list of groups"),
        ("[]", "a list of groups"),
        ('[{"ground_truth": "g"}]', "Group 0"),
        ('[{"ground_truth": "g", "candidates": [{"text": "t"}]}]', "'outcome'"),
        ('[{"ground_truth": "g", "candidates": [{"text": "t", "outcome": NaN}]}]', "finite"),
        ('[{"ground_truth": "g", "candidates": 3}]', "Group 0"),
    ],
)
def test_a_file_that_holds_no_outcomes_is_refused(tmp_path, content, advice):
    path = tmp_path / "outcomes.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=advice):
        read_outcomes(path)


def test_answers_that_nobody_recorded_are_missed(groups, embedder):
    bare = [
        replace(group, candidates=tuple(replace(one, judged=None) for one in group.candidates))
        for group in groups
    ]
    with pytest.raises(BadInput, match="embedding"):
        evidence(bare, embedder, matcher="recorded")


def test_a_key_point_that_does_not_count_is_left_out(groups, embedder):
    def reweighed(*weights):
        points = zip(groups[0].key_points, weights, strict=True)
        return [
            replace(groups[0], key_points=tuple(replace(point, weight=weight) for point, weight in points))
        ]

    for matcher in ("embedding", "recorded"):
        ((found, _),) = evidence(reweighed(0.0, 5.0), embedder, matcher=matcher)
        assert found.similarity[1] == pytest.approx(100)
    with pytest.raises(BadInput, match="zero"):
        evidence(reweighed(0.0, 0.0), embedder)


def test_what_cannot_be_computed_is_null_and_not_nan(groups, embedder):
    only_truth = [replace(group, candidates=group.candidates[1:2]) for group in groups[:1]]
    found = evidence(only_truth, embedder)
    answer = summary([predicted(DEVELOPMENT, one) for one, _ in found])
    assert answer["without_truth"]["spearman"] is None
    json.loads(json.dumps(answer, allow_nan=False))


def test_an_estimate_that_is_none_is_named(groups, embedder):
    first = groups[0].candidates[0]
    for estimate in (None, "good", 300):
        told = replace(first, judged={**first.judged, "direct": estimate})
        with pytest.raises(BadInput, match="0 to 100"):
            evidence([replace(groups[0], candidates=(told,))], embedder, matcher="recorded")
