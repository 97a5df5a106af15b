from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking import Campaign, Candidate, RankingError
from ranking.costs import chance_for_cost

Planted = Callable[[int], tuple[list[Candidate], dict[str, float]]]

LINE = [Candidate(str(n), vector=(n / 9, (n % 3) / 3)) for n in range(10)]


def priced(pool: list[Candidate], costs: list[float]) -> list[Candidate]:
    return [replace(one, cost=cost) for one, cost in zip(pool, costs, strict=True)]


def spent(told: list[Candidate], scores: dict[str, float], costs: dict[str, float], seed: int) -> float:
    """What it costs until the best is tested, where the policy knows of costs what its candidates say."""
    campaign = Campaign(told, seed=seed)
    noise = np.random.default_rng(seed).normal(0, 0.03, len(scores))
    error = dict(zip(sorted(scores), noise, strict=True))
    best, total = max(scores, key=lambda id: scores[id]), 0.0
    while True:
        [id] = campaign.recommend()
        total += costs[id]
        if id == best:
            return total
        campaign.add_result(id, scores[id] + error[id], sem=0.03)


def test_who_knows_the_costs_finds_the_best_for_less(planted: Planted) -> None:
    """Costs that say nothing of the score; the same pools and noise with and without knowing them."""
    pairs = []
    for seed in range(16):
        pool, scores = planted(seed)
        drawn = np.exp(np.random.default_rng(seed).standard_normal(len(pool))).tolist()
        costs = {one.id: cost for one, cost in zip(pool, drawn, strict=True)}
        knowing = spent(priced(pool, drawn), scores, costs, seed)
        pairs.append((knowing, spent(pool, scores, costs, seed)))
    knowing, blind = (statistics.fmean(pair[n] for pair in pairs) for n in (0, 1))
    assert knowing < 0.8 * blind
    assert sum(one < other for one, other in pairs) > len(pairs) / 2


@settings(deadline=None, max_examples=30)
@given(
    st.floats(0, 1e6),
    st.lists(st.tuples(st.sampled_from(LINE), st.floats(-5, 5), st.just(None) | st.floats(0, 9)), max_size=6),
)
def test_costs_that_are_all_equal_change_nothing(
    cost: float, results: list[tuple[Candidate, float, float | None]]
) -> None:
    plain, equal = Campaign(LINE), Campaign(priced(LINE, [cost] * len(LINE)))
    for one, score, paid in results:
        plain.add_result(one.id, score)
        equal.add_result(one.id, score, cost=paid)
    assert equal.recommend(4) == plain.recommend(4)
    assert equal.ranking() == plain.ranking()
    assert equal.stop_advice() == plain.stop_advice()


def test_of_twins_the_cheap_one_comes_first() -> None:
    pool = [Candidate(f"{group}{n}", traits=(group,), cost=1.0 + n) for group in "ab" for n in range(3)]
    campaign = Campaign(pool)
    assert campaign.recommend()[0][1] == "0"
    campaign.add_result("a1", 1.0)
    campaign.add_result("b1", 0.0)
    batch = campaign.recommend(4)
    assert batch.index("a0") < batch.index("a2")
    assert batch.index("b0") < batch.index("b2")


def test_the_belief_in_a_candidate_may_be_worth_its_cost() -> None:
    pool = [Candidate(str(n), prior=float(n)) for n in range(9)]
    for dear, expected in ((1.1, "8"), (100.0, "7")):
        assert Campaign(priced(pool, [1.0] * 8 + [dear])).recommend() == [expected]


def test_what_costs_nothing_is_no_division_by_nothing() -> None:
    campaign = Campaign(priced(LINE, [0.0] * 5 + [3.0] * 5))
    campaign.add_result("0", 1.0)
    assert campaign.recommend()[0] in "1234"
    assert len(campaign.recommend(9)) == 9


def test_with_equal_costs_the_chance_is_greatest_where_the_bound_is() -> None:
    random = np.random.default_rng(0)
    for _ in range(50):
        mean, sd = random.normal(size=20), random.uniform(0.1, 2, size=20)
        bound = mean + 2 * sd
        assert chance_for_cost(bound, sd, 2.0, np.ones(20)).argmax() == bound.argmax()


def test_what_a_campaign_costs_is_kept() -> None:
    campaign = Campaign(priced(LINE, [float(n + 1) for n in range(10)]))
    campaign.add_result("3", 2.0, cost=8.0)
    again = Campaign.from_json(campaign.to_json())
    assert again.recommend(5) == campaign.recommend(5)
    assert again.stop_advice(worth=1.0) == campaign.stop_advice(worth=1.0)


def advised(worth: float | None, paid: float | None = None) -> tuple[bool, float | None]:
    campaign = Campaign(priced(LINE, [1.0 + n / 10 for n in range(10)]))
    for id, score in {"0": 1.0, "4": 3.0, "9": 2.0}.items():
        campaign.add_result(id, score, sem=0.1, cost=paid)
    advice = campaign.stop_advice(worth)
    return advice.go_on, advice.surplus


def test_an_experiment_is_worth_it_as_long_as_it_brings_more_than_it_costs() -> None:
    assert advised(None)[1] is None
    going, surplus = advised(worth=1000.0)
    assert going
    assert surplus is not None
    assert surplus > 0
    stopping, loss = advised(worth=0.01)
    assert not stopping
    assert loss is not None
    assert loss < 0
    assert "no experiment is worth its cost" in _after_two().stop_advice(worth=1e-6).reason


def _after_two() -> Campaign:
    campaign = Campaign(LINE)
    campaign.add_result("0", 1.0)
    campaign.add_result("5", 2.0)
    return campaign


def test_the_surplus_is_the_expected_improvement_less_the_cost() -> None:
    """One candidate is open: its improvement over the best, from the joint posterior, less its price."""
    pool = [Candidate("a", traits=("x",)), Candidate("b", traits=("x", "y"), cost=3.0)]
    campaign = Campaign(pool)
    campaign.add_result("a", 1.0, sem=0.2)
    free = campaign.stop_advice(worth=1e12).surplus
    advice = campaign.stop_advice(worth=10.0)
    assert free is not None
    assert advice.surplus == pytest.approx(free - 3.0 / 10.0)
    assert free == pytest.approx(advice.p_better * advice.gain, rel=1e-6)


def test_results_tell_what_a_cost_of_1_comes_to() -> None:
    """Tenfold costs on paper are tenfold prices."""
    foreseen = sum(1.0 + n / 10 for n in (0, 4, 9)) / 3
    assert advised(5.0, paid=10 * foreseen)[1] == pytest.approx(advised(0.5)[1])
    assert advised(5.0, paid=0.0) == advised(5.0)


@pytest.mark.parametrize("cost", [-1.0, math.nan, math.inf])
def test_a_cost_that_is_none_is_refused(cost: float) -> None:
    with pytest.raises(RankingError):
        Campaign([Candidate("a", cost=cost), Candidate("b")])
    campaign = Campaign(LINE)
    with pytest.raises(RankingError) as raised:
        campaign.add_result("0", 1.0, cost=cost)
    assert raised.value.code == "bad_cost"
    assert campaign.to_json()["outcomes"] == []


@pytest.mark.parametrize("worth", [0.0, -2.0, math.nan])
def test_a_worth_that_is_none_is_refused(worth: float) -> None:
    with pytest.raises(RankingError) as raised:
        _after_two().stop_advice(worth)
    assert raised.value.code == "bad_worth"
