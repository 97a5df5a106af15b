from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from ranking import Campaign, Candidate, Policy, RankingError, policy
from ranking.policies import SurrogatePolicy
from ranking.view import View

Planted = Callable[[int], tuple[list[Candidate], dict[str, float]]]


def experiments(pool: list[Candidate], scores: dict[str, float], name: str, seed: int) -> int:
    """How many a policy needs until the best candidate is tested; measurements scatter by 0.03."""
    campaign = Campaign(pool, policy=policy(name), seed=seed)
    random = np.random.default_rng(seed)
    noise = dict(zip(sorted(scores), random.normal(0, 0.03, len(scores)), strict=True))
    best = max(scores, key=lambda id: scores[id])
    for count in range(1, len(pool) + 1):
        [id] = campaign.recommend()
        if id == best:
            return count
        campaign.add_result(id, scores[id] + noise[id], sem=0.03)
    raise AssertionError("the best candidate was never tested")


def test_the_surrogate_finds_planted_traits_much_sooner_than_chance(planted: Planted) -> None:
    pairs = []
    for seed in range(20):
        pool, scores = planted(seed)
        pairs.append(tuple(experiments(pool, scores, name, seed) for name in ("surrogate", "random")))
    assert statistics.fmean(pair[0] for pair in pairs) < 0.5 * statistics.fmean(pair[1] for pair in pairs)
    assert sum(ours < chance for ours, chance in pairs) >= 14


def test_the_prior_policy_goes_by_belief_whatever_comes_out() -> None:
    pool = [Candidate(str(n), prior=float(n)) for n in range(6)]
    campaign = Campaign(pool, policy=policy("prior"))
    campaign.add_result("5", -100.0)
    assert campaign.recommend(9) == ["4", "3", "2", "1", "0"]


def test_who_has_no_belief_is_in_the_middle() -> None:
    pool = [Candidate("high", prior=2.0), Candidate("low", prior=0.0), Candidate("unknown")]
    assert Campaign(pool, policy=policy("prior")).recommend(3) == ["high", "unknown", "low"]


def test_beliefs_that_are_all_equal_are_none() -> None:
    pool = [Candidate(str(n), prior=0.1) for n in range(9)]
    equal, without = Campaign(pool), Campaign([Candidate(one.id) for one in pool])
    assert equal.recommend(9) == without.recommend(9)


def test_random_is_a_shuffle_by_the_seed_whatever_is_known() -> None:
    pool = [Candidate(str(n), traits=(str(n % 3),), prior=float(n)) for n in range(20)]
    orders = {tuple(Campaign(pool, policy=policy("random"), seed=seed).recommend(20)) for seed in range(5)}
    assert len(orders) == 5
    campaign = Campaign(pool, policy=policy("random"), seed=0)
    before = campaign.recommend(20)
    campaign.add_result(before[7], 1.0)
    assert campaign.recommend(20) == [id for id in before if id != before[7]]


def test_without_curiosity_the_surrogate_stays_where_it_is_good() -> None:
    pool = [Candidate(f"{group}{n}", traits=(group,)) for group in "ab" for n in range(3)]
    pool.append(Candidate("unknown", traits=("c",)))
    for beta, expected in ((0.0, "a"), (50.0, "u")):
        campaign = Campaign(pool, policy=SurrogatePolicy(beta=beta))
        campaign.add_result("a0", 1.0)
        campaign.add_result("b0", 0.0)
        assert campaign.recommend()[0][0] == expected


def test_there_is_no_other_policy() -> None:
    with pytest.raises(RankingError, match="surrogate, prior, random") as raised:
        policy("greedy")
    assert raised.value.code == "unknown_policy"


@dataclass
class Onlooker:
    """A policy that takes the first open candidate and keeps what it was shown."""

    name: str = "onlooker"
    views: list[View] = field(default_factory=list)

    def choose(self, view: View, count: int) -> list[int]:
        self.views.append(view)
        return [int(place) for place in view.open[:count]]


def test_a_policy_sees_what_came_out_and_nothing_else() -> None:
    onlooker = Onlooker()
    pool = [
        Candidate(name, traits=(name,), prior=prior) for name, prior in zip("abcde", range(5), strict=True)
    ]
    campaign = Campaign(pool, policy=onlooker, maximise=False)
    order = Campaign(pool, policy=policy("random")).recommend(5)  # their places
    campaign.add_result("a", 4.0, sem=0.5)
    campaign.add_result("b", None, status="failed")
    campaign.mark_pending("c")
    campaign.exclude("d")
    assert campaign.recommend(5) == ["e"]
    [view] = onlooker.views
    assert [order[place] for place in view.seen.places] == ["a"]
    assert (view.seen.scores.tolist(), view.seen.sems.tolist()) == ([-4.0], [0.5])
    assert [[order[n] for n in places] for places in (view.failed, view.pending, view.open)] == [
        ["b"],
        ["c"],
        ["e"],
    ]
    assert view.prior is not None
    assert max(order, key=lambda id: view.prior[order.index(id)]) == "a"
    assert set(View.__dataclass_fields__) == {"surrogate", "seen", "failed", "pending", "open", "prior"}


def test_a_policy_of_ones_own_is_a_policy() -> None:
    own: Policy = Onlooker()
    assert len(Campaign([Candidate("a"), Candidate("b")], policy=own).recommend(2)) == 2


def test_ten_thousand_candidates_are_no_long_wait() -> None:
    random = np.random.default_rng(0)
    names = [f"trait {n}" for n in range(60)]
    pool = [
        Candidate(
            str(n),
            traits=tuple(map(str, random.choice(names, 5, replace=False))),
            vector=tuple(random.normal(size=64).tolist()),
            features={"T": float(random.normal())},
            prior=float(random.normal()),
        )
        for n in range(10_000)
    ]
    campaign = Campaign(pool, trait_vectors={name: random.normal(size=64).tolist() for name in names})
    for n in range(30):
        campaign.add_result(str(n), float(random.normal()))
    start = time.process_time()
    assert len(campaign.recommend()) == 1
    assert len(campaign.ranking()) == 10_000
    assert time.process_time() - start < 20
