from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking import Campaign, Candidate, RankingError, policy
from ranking.policies import POLICIES

GELS = [
    Candidate("pva", traits=("gel", "salt"), vector=(0.0, 0.1), features={"T": 20.0}, prior=0.9),
    Candidate("pam", traits=("gel",), vector=(0.2, 0.0), features={"T": 30.0, "base": "KOH"}, prior=0.4),
    Candidate(
        "agar", ("gel", "light"), vector=(0.9, 0.5), features={"base": "KOH"}, descriptors={"L": (1.0, 2.0)}
    ),
    Candidate("steam", traits=("steam",), vector=(0.7, 0.9), features={"T": 80.0}, prior=0.1),
    Candidate("tea", vector=(0.4, 0.4)),
]
IDS = [one.id for one in GELS]


def after(pool: list[Candidate], **scores: float | None) -> Campaign:
    """A campaign with these results; None is a failure."""
    campaign = Campaign(pool)
    for id, score in scores.items():
        campaign.add_result(id, score, status="failed" if score is None else "done")
    return campaign


def test_the_candidate_that_is_believed_in_comes_first_and_the_least_not_second() -> None:
    line = [Candidate(str(n), vector=(float(n % 7), float(n % 5)), prior=-float(n)) for n in range(20)]
    campaign = Campaign(line)
    first = campaign.recommend(6)
    assert first[0] == "0"
    campaign.add_result("0", 0.3)
    assert campaign.recommend() != ["19"]
    assert max(map(int, first)) < 15


def test_where_less_is_better_the_lowest_belief_comes_first() -> None:
    campaign = Campaign(GELS, maximise=False)
    assert campaign.recommend() == ["steam"]
    assert Campaign(GELS, maximise=False, policy=policy("prior")).recommend() == ["steam"]


def test_without_beliefs_the_most_typical_candidate_comes_first() -> None:
    pool = [Candidate(name, traits=(name, "common")) for name in "abc"]
    pool += [Candidate("typical", traits=("common",)), Candidate("odd", traits=("odd",))]
    assert Campaign(pool).recommend() == ["typical"]


def test_one_candidate_is_recommended_until_it_is_tested() -> None:
    campaign = Campaign([Candidate("only")])
    assert campaign.recommend(3) == ["only"]
    campaign.add_result("only", 1.0)
    assert campaign.recommend() == []
    [standing] = campaign.ranking()
    assert (standing.rank, standing.p_best, standing.tested) == (1, 1.0, 1)


def test_what_is_tested_failed_pending_or_excluded_is_not_recommended() -> None:
    campaign = after(GELS, pva=1.0, pam=None)
    campaign.mark_pending("agar")
    campaign.exclude("steam")
    assert campaign.recommend(5) == ["tea"]
    campaign.add_result("tea", 0.0)
    assert campaign.recommend() == []
    assert {one.id for one in campaign.ranking()} == set(IDS)


def test_a_withdrawn_result_was_never_there() -> None:
    campaign = after(GELS, pva=1.0, pam=0.2, steam=None)
    for id in ("pam", "steam"):
        campaign.withdraw(id)
    again = after(GELS, pva=1.0)
    assert campaign.ranking() == again.ranking()
    assert campaign.recommend(4) == again.recommend(4)


def test_an_amended_result_was_never_another() -> None:
    campaign, again = after(GELS, pva=1.0, pam=0.2), after(GELS, pva=1.0, pam=0.7)
    campaign.amend_result("pam", 0.7)
    assert campaign.ranking() == again.ranking()
    campaign.amend_result("pva", None, status="failed")
    assert campaign.ranking() == after(GELS, pva=None, pam=0.7).ranking()
    assert campaign.recommend(9) == after(GELS, pva=None, pam=0.7).recommend(9)


def test_of_replicates_the_last_is_amended() -> None:
    campaign = after(GELS, pva=1.0)
    campaign.add_result("pva", 3.0)
    campaign.amend_result("pva", 2.0, sem=0.5)
    told = [(one["score"], one["sem"]) for one in campaign.to_json()["outcomes"]]
    assert told == [(1.0, None), (2.0, 0.5)]


def test_what_has_no_result_cannot_be_amended() -> None:
    campaign = after(GELS, pva=1.0)
    before = campaign.to_json()
    with pytest.raises(RankingError) as raised:
        campaign.amend_result("pam", 1.0)
    assert raised.value.code == "no_result"
    with pytest.raises(RankingError) as raised:
        campaign.amend_result("pva", math.nan)
    assert raised.value.code == "bad_score"
    assert campaign.to_json() == before


def test_a_result_ends_the_wait_for_it() -> None:
    campaign = Campaign(GELS)
    campaign.mark_pending("pva")
    campaign.add_result("pva", 1.0)
    assert campaign.to_json()["pending"] == []


def test_results_of_candidates_that_nobody_recommended_count() -> None:
    campaign = Campaign(GELS)
    campaign.mark_pending(campaign.recommend()[0])
    campaign.add_result("tea", 5.0)
    campaign.add_result("agar", -5.0)
    ranks = [one.id for one in campaign.ranking()]
    assert ranks.index("tea") < ranks.index("agar")


def test_a_failure_is_no_low_score_but_its_neighbours_are_avoided() -> None:
    left = [Candidate(f"left {n}", vector=(n / 10, 0.0)) for n in range(4)]
    right = [Candidate(f"right {n}", vector=(5 + n / 10, 0.0)) for n in range(4)]
    campaign = Campaign([*left, *right])
    before = {one.id: one.mean for one in campaign.ranking()}
    campaign.add_result("left 0", None, status="failed")
    assert {one.id: one.mean for one in campaign.ranking()} == before
    assert campaign.recommend()[0].startswith("right")


def test_failures_are_avoided_among_the_disbelieved_too() -> None:
    """All open ones are believed to lie below the middle; a failure nearby must not raise any of them."""
    pool = [Candidate("star", traits=("star",), prior=9.0)]
    pool += [Candidate(f"bad {n}", traits=("bad",), prior=0.0) for n in range(3)]
    pool += [Candidate("fine", traits=("fine",), prior=0.0)]
    assert after(pool, **{"star": None, "bad 0": None}).recommend() == ["fine"]


def test_a_batch_does_not_repeat_itself_and_spreads() -> None:
    twins = [Candidate(f"{group}{n}", traits=(group,)) for group in "abcd" for n in range(3)]
    batch = Campaign(twins).recommend(4)
    assert {id[0] for id in batch} == set("abcd")
    everything = Campaign(twins).recommend(99)
    assert sorted(everything) == sorted(one.id for one in twins)


def test_pending_experiments_make_the_next_choice_another_one() -> None:
    twins = [Candidate(f"{group}{n}", traits=(group,)) for group in "ab" for n in range(3)]
    campaign = Campaign(twins)
    [first] = campaign.recommend()
    campaign.mark_pending(first)
    assert campaign.recommend()[0][0] != first[0]


def test_the_sense_can_be_turned_round() -> None:
    unbelieved = [Candidate(one.id, one.traits, one.vector, one.features) for one in GELS]
    up, down = Campaign(unbelieved), Campaign(unbelieved, maximise=False)
    for id, score in {"pva": 1.0, "steam": 7.0, "agar": 3.0}.items():
        up.add_result(id, score)
        down.add_result(id, -score)
    assert up.recommend(2) == down.recommend(2)
    for one, other in zip(up.ranking(), down.ranking(), strict=True):
        assert (one.id, one.sd, one.p_best) == (other.id, other.sd, other.p_best)
        assert one.mean == pytest.approx(-other.mean)


def test_what_is_expected_of_a_candidate_is_what_the_ranking_says_of_it() -> None:
    assert Campaign(GELS).expected("pam") is None
    campaign = Campaign(GELS, maximise=False)
    campaign.add_result("pva", 0.8)
    for standing in campaign.ranking():
        assert campaign.expected(standing.id) == (standing.mean, standing.sd)
    with pytest.raises(RankingError):
        campaign.expected("gold")


def test_one_wild_result_in_many_does_not_set_the_scale() -> None:
    pool = [Candidate(str(n), vector=(n / 40, (n % 7) / 7)) for n in range(60)]
    random = np.random.default_rng(1)
    scores = {str(n): n / 40 + float(random.normal(0, 0.05)) for n in range(40)}
    wild = after(pool, **(scores | {"3": 1e6}))
    assert wild.ranking()[0].id == "3"
    fresh = {one.id: one for one in wild.ranking() if int(one.id) >= 40}
    assert max(one.sd for one in fresh.values()) < 5
    assert [fresh["59"].mean, fresh["41"].mean] == pytest.approx([1.1, 1.0], abs=0.5)


def test_an_outlier_does_not_stop_the_campaign() -> None:
    campaign = after(GELS, pva=0.1, pam=0.2, steam=1e9)
    assert campaign.ranking()[0].id == "steam"
    assert len(campaign.recommend(2)) == 2


POOLS = {
    "nothing known": [Candidate(name) for name in IDS],
    "traits": [Candidate(one.id, traits=one.traits) for one in GELS],
    "texts": [Candidate(one.id, vector=one.vector) for one in GELS],
    "settings": [Candidate(one.id, features=one.features) for one in GELS],
    "beliefs": [Candidate(one.id, prior=one.prior) for one in GELS],
    "all": GELS,
}

pools = st.sampled_from(list(POOLS.values()))
scores = st.floats(-10, 10) | st.sampled_from([0.0, 1e9, 1e-9])
outcomes = st.lists(
    st.tuples(st.sampled_from(IDS), st.none() | scores, st.none() | st.floats(0, 10)), max_size=9
)
policies = st.sampled_from(list(POLICIES))


def told(campaign: Campaign, results: list[tuple[str, float | None, float | None]]) -> Campaign:
    for id, score, sem in results:
        campaign.add_result(id, score, sem=sem, status="failed" if score is None else "done")
    return campaign


@settings(deadline=None)
@given(pools, outcomes, policies, st.integers(1, 6), st.booleans())
def test_every_campaign_recommends_open_candidates_once_and_ranks_all(
    pool: list[Candidate],
    results: list[tuple[str, float | None, float | None]],
    name: str,
    count: int,
    maximise: bool,
) -> None:
    campaign = told(Campaign(pool, policy=policy(name), maximise=maximise), results)
    still_open = set(IDS) - {id for id, _, _ in results}
    chosen = campaign.recommend(count)
    assert len(chosen) == len(set(chosen)) == min(count, len(still_open))
    assert set(chosen) <= still_open
    standings = campaign.ranking()
    assert [one.rank for one in standings] == [1, 2, 3, 4, 5]
    assert sum(one.p_best for one in standings) == pytest.approx(1)
    assert sum(one.tested + one.failed for one in standings) == len(results)
    for one in standings:
        assert math.isfinite(one.mean)
        assert one.sd > 0
        assert one.expected_improvement >= 0


@settings(deadline=None)
@given(pools, outcomes, st.data())
def test_neither_the_order_of_candidates_nor_of_results_matters(
    pool: list[Candidate], results: list[tuple[str, float | None, float | None]], data: st.DataObject
) -> None:
    one = told(Campaign(pool, seed=3), results)
    other = told(Campaign(data.draw(st.permutations(pool)), seed=3), data.draw(st.permutations(results)))
    assert one.recommend(5) == other.recommend(5)
    assert one.ranking() == other.ranking()
    assert one.contributions() == other.contributions()


@settings(deadline=None)
@given(pools, outcomes, policies, st.booleans())
def test_a_campaign_read_back_goes_on_as_it_would_have(
    pool: list[Candidate], results: list[tuple[str, float | None, float | None]], name: str, maximise: bool
) -> None:
    vectors = {"gel": (1.0, 0.0), "salt": (0.6, 0.8)}
    campaign = told(
        Campaign(pool, policy=policy(name), seed=5, maximise=maximise, trait_vectors=vectors), results
    )
    campaign.mark_pending("agar")
    campaign.exclude("tea")
    written = json.dumps(campaign.to_json(), allow_nan=False)
    again = Campaign.from_json(json.loads(written))
    assert json.dumps(again.to_json()) == written
    assert again.recommend(3) == campaign.recommend(3)
    assert again.ranking() == campaign.ranking()


def test_numbers_of_numpy_are_written_too() -> None:
    campaign = Campaign([Candidate("a"), Candidate("b")])
    campaign.add_result("a", np.float32(0.5), sem=np.float32(0.25), cost=np.int64(3))
    [outcome] = json.loads(json.dumps(campaign.to_json()))["outcomes"]
    assert outcome == {"id": "a", "score": 0.5, "sem": 0.25, "cost": 3.0}


def test_the_seed_alone_settles_ties() -> None:
    pool = [Candidate(str(n)) for n in range(30)]
    orders = [tuple(Campaign(pool, seed=seed).recommend(30)) for seed in (0, 0, 1, 2)]
    assert orders[0] == orders[1]
    assert len(set(orders)) == 3
    assert tuple(one.id for one in Campaign(pool, seed=1).ranking()) == orders[2]


@pytest.mark.parametrize(
    ("pool", "code"),
    [
        ([], "no_candidates"),
        ([Candidate("a"), Candidate("b"), Candidate("a")], "duplicate_candidate"),
        ([Candidate("a", vector=(1.0,)), Candidate("b")], "unequal_vectors"),
        ([Candidate("a", vector=(1.0,)), Candidate("b", vector=(1.0, 2.0))], "unequal_vectors"),
        ([Candidate("a", vector=(math.nan,))], "not_finite"),
        ([Candidate("a", features={"T": math.inf})], "not_finite"),
        ([Candidate("a", descriptors={"ligand": (math.nan,)})], "not_finite"),
        (
            [Candidate("a", descriptors={"L": (1.0,)}), Candidate("b", descriptors={"L": (1.0, 2.0)})],
            "unequal_vectors",
        ),
        ([Candidate("a", prior=1e300)], "not_finite"),
    ],
)
def test_a_pool_that_cannot_be_ranked_is_refused(pool: list[Candidate], code: str) -> None:
    with pytest.raises(RankingError) as raised:
        Campaign(pool)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("vectors", "code"),
    [({"a": (1.0,), "b": (1.0, 0.0)}, "unequal_vectors"), ({"a": (math.nan,)}, "not_finite")],
)
def test_trait_vectors_that_cannot_be_compared_are_refused(
    vectors: dict[str, tuple[float, ...]], code: str
) -> None:
    with pytest.raises(RankingError) as raised:
        Campaign([Candidate("x", traits=("a", "b"))], trait_vectors=vectors)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("score", "sem", "code"),
    [
        (None, None, "bad_score"),
        (math.nan, None, "bad_score"),
        (1e300, None, "bad_score"),
        (1.0, -0.1, "bad_sem"),
        (1.0, math.inf, "bad_sem"),
    ],
)
def test_a_result_that_is_none_is_refused_and_leaves_nothing(
    score: float | None, sem: float | None, code: str
) -> None:
    campaign = Campaign(GELS)
    campaign.mark_pending("pva")
    before = campaign.to_json()
    with pytest.raises(RankingError) as raised:
        campaign.add_result("pva", score, sem=sem)
    assert raised.value.code == code
    assert campaign.to_json() == before


def test_a_candidate_of_another_campaign_is_refused() -> None:
    campaign = Campaign(GELS)
    for act in (campaign.mark_pending, campaign.withdraw, campaign.exclude):
        with pytest.raises(RankingError, match="no candidate 'milk'"):
            act("milk")
    with pytest.raises(RankingError, match="no candidate 'milk'"):
        campaign.add_result("milk", 1.0)


def test_none_or_fewer_recommendations_cannot_be_asked_for() -> None:
    with pytest.raises(RankingError, match="one or more"):
        Campaign(GELS).recommend(0)


def test_everything_tested_leaves_a_ranking_and_nothing_to_recommend() -> None:
    campaign = after(GELS, pva=5.0, pam=4.0, agar=3.0, steam=2.0, tea=1.0)
    assert campaign.recommend(3) == []
    assert next(one.id for one in campaign.ranking()) == "pva"
    assert not campaign.stop_advice().go_on


@settings(deadline=None)
@given(pools, st.lists(st.sampled_from(IDS), unique=True, max_size=3), st.sampled_from(IDS))
def test_a_result_of_an_untested_candidate_lowers_its_sd(
    pool: list[Candidate], tested: list[str], new: str
) -> None:
    """Of a known error and in the range of the others: a surprise moves the scale of all."""
    values = dict(zip(IDS, (0.0, 1.0, 0.4, 0.6, 0.2), strict=True))
    campaign = Campaign(pool)
    for id in {"pva", "pam", *tested} - {new}:
        campaign.add_result(id, values[id], sem=0.05)
    before = {one.id: one.sd for one in campaign.ranking()}
    campaign.add_result(new, 0.5, sem=0.05)
    assert {one.id: one.sd for one in campaign.ranking()}[new] < before[new]


def test_the_first_form_is_still_read() -> None:
    """Campaigns written before descriptors came."""
    pool = [Candidate(one.id, one.traits, one.vector, one.features, prior=one.prior) for one in GELS]
    data = after(pool, pva=1.0, steam=None).to_json()
    old = {**data, "schema": 1, "candidates": [dict(one) for one in data["candidates"]]}
    for one in old["candidates"]:
        del one["descriptors"]
    again = Campaign.from_json(json.loads(json.dumps(old)))
    assert again.recommend(3) == after(pool, pva=1.0, steam=None).recommend(3)
    assert again.to_json() == data


def test_a_form_of_another_version_is_refused() -> None:
    with pytest.raises(RankingError) as raised:
        Campaign.from_json({**Campaign(GELS).to_json(), "schema": 99})
    assert raised.value.code == "unknown_schema"
