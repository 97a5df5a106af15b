from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest

from ranking import Campaign, Candidate, Policy, RankingError, policy
from ranking.policies import ClusterPolicy, EpistemicPolicy, LinearPolicy, SurrogatePolicy
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
    with pytest.raises(RankingError, match="surrogate, linear, cluster") as raised:
        policy("oracle")
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
    shown = {"fitted", "seen", "failed", "pending", "open", "prior", "costs"}
    assert set(View.__dataclass_fields__) == shown


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


@pytest.mark.parametrize("name", ["linear", "cluster", "epistemic"])
def test_those_that_learn_find_planted_traits_sooner_than_chance(planted: Planted, name: str) -> None:
    pairs = []
    for seed in range(8):
        pool, scores = planted(seed)
        pairs.append(tuple(experiments(pool, scores, one, seed) for one in (name, "random")))
    assert statistics.fmean(pair[0] for pair in pairs) < 0.75 * statistics.fmean(pair[1] for pair in pairs)


def test_greedy_tests_what_is_most_like_the_best_so_far() -> None:
    pool = [Candidate(str(n), vector=(float(n),)) for n in range(9)]
    campaign = Campaign(pool, policy=policy("greedy"))
    campaign.add_result("1", 0.0)
    campaign.add_result("7", 5.0)
    assert set(campaign.recommend(2)) == {"6", "8"}
    campaign.add_result("7", -9.0)  # its mean is now below that of 1
    assert set(campaign.recommend(2)) == {"0", "2"}


def test_the_cluster_bandit_tries_every_group_before_it_returns_to_one() -> None:
    pool = [Candidate(f"{group}{n}", traits=(group,)) for group in "abcd" for n in range(5)]
    campaign = Campaign(pool, policy=ClusterPolicy(clusters=4))
    tested = []
    for _ in range(8):
        [id] = campaign.recommend()
        tested.append(id[0])
        campaign.add_result(id, 9.0 if id[0] == "c" else 0.0)
    assert set(tested[:4]) == set("abcd")
    assert tested[4:].count("c") >= 3


def test_a_trait_that_was_never_tried_draws_the_linear_bandit() -> None:
    pool = [Candidate(name, traits=(name[0],)) for name in ("a1", "a2", "b1", "b2", "z")]
    for alpha, expected in ((0.0, "a2"), (9.0, "z")):
        campaign = Campaign(pool, policy=LinearPolicy(alpha=alpha))
        for id, score in (("a1", 1.0), ("b1", 0.0)):
            campaign.add_result(id, score)
        assert campaign.recommend() == [expected]


def test_settled_candidates_of_a_large_pool_are_frozen() -> None:
    """What lies far below the best is not looked at, and what is looked at is the same with freezing off."""
    random = np.random.default_rng(2)
    places = random.uniform(0, 10, size=400)
    pool = [Candidate(str(n), vector=(float(place),)) for n, place in enumerate(places)]
    frozen, awake = (
        Campaign(pool, policy=EpistemicPolicy(keep=keep), trait_vectors={}) for keep in (20, 375)
    )
    for campaign in (frozen, awake):
        for n in range(25):
            campaign.add_result(str(n), float(places[n]), sem=0.01)
    assert frozen.recommend() == awake.recommend()
    assert len(frozen.recommend(400)) == 375


def test_a_batch_asked_for_at_once_is_that_of_pending_experiments() -> None:
    """Conditioning step by step, without a new fit, chooses what waiting for each result would."""
    random = np.random.default_rng(3)
    pool = [Candidate(str(n), vector=tuple(random.normal(size=3).tolist())) for n in range(40)]
    together, one_by_one = Campaign(pool), Campaign(pool)
    for campaign in (together, one_by_one):
        for n in range(6):
            campaign.add_result(str(n), float(n % 4))
    chosen = []
    for _ in range(5):
        [id] = one_by_one.recommend()
        one_by_one.mark_pending(id)
        chosen.append(id)
    assert together.recommend(5) == chosen
