from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ranking import Campaign, Candidate, Contribution, surrogate

Planted = Callable[[int], tuple[list[Candidate], dict[str, float]]]

WORTH = ["redox couple", "oriented gel", "guanidinium"]
"""The planted traits that add to a score, the one that adds most first."""


def told(pool: list[Candidate], scores: dict[str, float], *, maximise: bool = True) -> Campaign:
    campaign = Campaign(pool, maximise=maximise)
    for id, score in scores.items():
        campaign.add_result(id, score, sem=0.01)
    return campaign


def by_trait(campaign: Campaign) -> dict[str, Contribution]:
    return {one.trait: one for one in campaign.contributions()}


def test_without_traits_there_is_nothing_to_tell() -> None:
    assert Campaign([Candidate("a", vector=(1.0,)), Candidate("b", vector=(2.0,))]).contributions() == []


def test_before_any_result_no_trait_does_anything_and_each_might() -> None:
    for one in Campaign(
        [Candidate("a", traits=("gel", "salt")), Candidate("b", traits=("gel",))]
    ).contributions():
        assert one.effect == 0
        assert one.low == -one.high < 0


def test_the_traits_that_were_planted_come_out_on_top(planted: Planted) -> None:
    """Every candidate has four traits, so one that adds nothing takes the place of one that might."""
    pool, scores = planted(0)
    found = told(pool, scores).contributions()
    assert [one.trait for one in found[:3]] == WORTH
    assert [one.effect - found[2].effect for one in found[:3]] == pytest.approx([0.2, 0.1, 0.0], abs=0.03)
    for one in found:
        assert one.low < one.effect < one.high
        assert (one.low > 0) if one.trait in WORTH else (one.effect < 0), one


def test_how_many_have_a_trait_is_counted_once_each() -> None:
    found = by_trait(
        Campaign([Candidate("a", traits=("gel", "gel")), Candidate("b", traits=("gel", "salt"))])
    )
    assert (found["gel"].candidates, found["salt"].candidates) == (2, 1)


def test_an_untested_trait_keeps_its_uncertainty() -> None:
    pool = [Candidate(name, traits=(name,)) for name in "abcd"]
    found = by_trait(told(pool, {"a": 1.0, "b": 0.0, "c": 0.2}))
    assert found["d"].high - found["d"].low > 1.5 * (found["a"].high - found["a"].low)


def test_what_helps_is_negative_where_less_is_better(planted: Planted) -> None:
    pool, scores = planted(1)
    up = told(pool, scores)
    down = told(pool, {id: -score for id, score in scores.items()}, maximise=False)
    turned = {one.trait: (-one.effect, -one.high, -one.low) for one in up.contributions()}
    for one in down.contributions():
        assert (one.effect, one.low, one.high) == pytest.approx(turned[one.trait])
    assert [one.trait for one in down.contributions()[-3:]] == WORTH[::-1]


def test_effects_are_the_textbooks_for_one_trait_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Independent effects under noise sem: the posterior is found by a linear model written out."""
    monkeypatch.setattr(surrogate, "AMPLITUDES", (1.0,))
    pool = [Candidate(name, traits=(name,)) for name in "abc"]
    scores, sem = np.array([1.0, 0.0, 0.5]), 0.1
    scale = scores.std()
    noise = (sem / scale) ** 2 + 1e-4
    covariance = np.eye(3) + 0.3 + noise * np.eye(3)
    effects = scale * np.linalg.solve(covariance, (scores - scores.mean()) / scale)
    variances = scale**2 * (1 - np.diag(np.linalg.inv(covariance)))
    campaign = Campaign(pool)
    for one, score in zip(pool, scores, strict=True):
        campaign.add_result(one.id, float(score), sem=sem)
    found = by_trait(campaign)
    assert [found[name].effect for name in "abc"] == pytest.approx(effects)
    widths = [(found[name].high - found[name].low) / 2 / 1.959964 for name in "abc"]
    assert widths == pytest.approx(np.sqrt(variances))
