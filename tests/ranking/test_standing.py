from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from ranking import Campaign, Candidate, Standing, standing
from ranking.standing import expected_improvement

FAR = [Candidate(name, traits=(name,)) for name in "abcd"]


def standings(campaign: Campaign) -> dict[str, Standing]:
    return {one.id: one for one in campaign.ranking()}


def test_the_ranking_is_by_expected_score() -> None:
    campaign = Campaign(FAR)
    for id, score in zip("abc", (2.0, 3.0, 1.0), strict=True):
        campaign.add_result(id, score)
    assert [one.id for one in campaign.ranking() if one.tested] == ["b", "a", "c"]
    means = [one.mean for one in campaign.ranking()]
    assert means == sorted(means, reverse=True)


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
def test_the_ranking_is_the_same_in_every_unit(unit: float) -> None:
    campaign = Campaign(
        [Candidate(one.id, one.traits, prior=prior) for one, prior in zip(FAR, (1, 2, 3, 4), strict=True)]
    )
    for id, score in zip("abc", (2.0, 3.0, 1.0), strict=True):
        campaign.add_result(id, score * unit, sem=0.01 * unit)
    found = standings(campaign)
    assert [found[id].mean / unit for id in "abc"] == pytest.approx([2, 3, 1], abs=0.05)
    assert [one.id for one in campaign.ranking() if one.tested] == ["b", "a", "c"]


def test_equal_ones_are_ranked_by_belief() -> None:
    pool = [
        Candidate(name, traits=(name,), prior=prior) for name, prior in zip("abcd", (3, 1, 4, 2), strict=True)
    ]
    assert [one.id for one in Campaign(pool).ranking()] == ["c", "a", "d", "b"]


def test_equal_candidates_have_equal_chances() -> None:
    for one in Campaign(FAR).ranking():
        assert one.p_best == pytest.approx(0.25, abs=0.03)


def test_the_chance_of_being_best_gathers_where_the_results_say() -> None:
    campaign = Campaign(FAR)
    for id, score in zip("abcd", (0.0, 10.0, 0.0, 1.0), strict=True):
        campaign.add_result(id, score, sem=0.1)
    found = standings(campaign)
    assert found["b"].p_best > 0.999
    assert found["b"].sd < 0.2


def test_two_that_share_everything_share_the_chance() -> None:
    pool = [*FAR, Candidate("twin", traits=("b",))]
    campaign = Campaign(pool)
    campaign.add_result("b", 5.0, sem=0.1)
    campaign.add_result("a", 0.0, sem=0.1)
    found = standings(campaign)
    assert found["twin"].mean == pytest.approx(found["b"].mean)
    assert found["twin"].p_best == pytest.approx(found["b"].p_best, abs=0.05)
    assert found["twin"].p_best > 1.2 * found["c"].p_best


def test_replicates_and_failures_are_counted() -> None:
    campaign = Campaign(FAR)
    for score in (1.0, 1.1, None):
        campaign.add_result("a", score, status="failed" if score is None else "done")
    found = standings(campaign)
    assert [(found[id].tested, found[id].failed) for id in "ab"] == [(2, 1), (0, 0)]


def test_expected_improvement_is_the_integral_it_stands_for() -> None:
    mean, sd, best = 0.3, 0.7, 0.9
    expected, _ = quad(lambda f: (f - best) * norm.pdf(f, mean, sd), best, mean + 12 * sd)
    assert expected_improvement(np.array([mean]), np.array([sd]), best) == pytest.approx(expected)


def test_before_any_result_the_improvement_is_all_that_is_open() -> None:
    for one in Campaign(FAR).ranking():
        assert one.expected_improvement == one.sd


def test_what_is_known_has_less_to_gain_than_what_is_not() -> None:
    campaign = Campaign(FAR)
    for id, score in zip("abc", (1.0, 0.9, 0.0), strict=True):
        campaign.add_result(id, score, sem=0.01)
    found = standings(campaign)
    assert found["d"].expected_improvement > 5 * found["b"].expected_improvement


def reactions(size: int, results: int) -> Campaign:
    """A table of settings that add up, with a part of it measured."""
    random = np.random.default_rng(0)
    rows = [(n % 13, n // 13 % 11, n % 7) for n in range(size)]
    pool = [
        Candidate(str(n), features={"base": f"b{b}", "ligand": f"l{lig}", "T": float(t)})
        for n, (b, lig, t) in enumerate(rows)
    ]
    campaign = Campaign(pool)
    for n in random.choice(size, results, replace=False):
        base, ligand, temperature = rows[n]
        score = base / 4 - (ligand - 5) ** 2 / 10 + temperature / 5 + 0.2 * random.standard_normal()
        campaign.add_result(str(n), float(score))
    return campaign


@pytest.mark.parametrize("results", [8, 30])
def test_in_a_large_pool_the_chance_spreads_as_joint_draws_of_all_spread_it(
    results: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    campaign = reactions(600, results)
    found = {one.id: one.p_best for one in campaign.ranking()}
    contenders = {one.id for one in sorted(campaign.ranking(), key=lambda one: -one.mean - 2 * one.sd)[:256]}
    monkeypatch.setattr(standing, "CONTENDERS", 600)
    jointly = {one.id: one.p_best for one in campaign.ranking()}
    assert sum(found.values()) == pytest.approx(1)
    beyond = [sum(chances[id] for id in chances if id not in contenders) for chances in (found, jointly)]
    assert beyond[0] == pytest.approx(beyond[1], abs=0.06)
    top = max(jointly, key=lambda id: jointly[id])
    assert found[top] == pytest.approx(jointly[top], abs=0.04)


def test_before_any_result_the_chance_is_spread_over_all_of_a_large_pool() -> None:
    """Nobody is left out because the list is long."""
    ranking = Campaign([Candidate(str(n), traits=(str(n % 50),)) for n in range(1000)]).ranking()
    assert sum(one.p_best > 0 for one in ranking) > 300
    assert max(one.p_best for one in ranking) < 0.05
