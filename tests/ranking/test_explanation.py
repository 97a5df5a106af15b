from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from ranking import Campaign, Candidate, Explanation, RankingError

Planted = Callable[[int], tuple[list[Candidate], dict[str, float]]]

POOL = [
    Candidate("good", traits=("gel", "salt"), prior=2.0),
    Candidate("like good", traits=("gel", "light"), prior=1.0),
    Candidate("bad", traits=("steam",), prior=0.0),
    Candidate("like bad", traits=("steam", "light"), prior=0.5),
]


def told(*, maximise: bool = True) -> Campaign:
    campaign = Campaign(POOL, maximise=maximise)
    sign = 1.0 if maximise else -1.0
    campaign.add_result("good", sign * 5.0, sem=0.1)
    campaign.add_result("bad", sign * 1.0, sem=0.1)
    return campaign


def total(one: Explanation) -> float:
    return one.base + one.belief + sum(item.effect for item in (*one.speak_for, *one.speak_against))


@pytest.mark.parametrize("id", [one.id for one in POOL])
@pytest.mark.parametrize("maximise", [True, False])
def test_base_belief_and_experiments_add_up_to_the_mean(id: str, maximise: bool) -> None:
    found = told(maximise=maximise).explain(id)
    [standing] = [one for one in told(maximise=maximise).ranking() if one.id == id]
    assert total(found) == pytest.approx(standing.mean)
    assert (found.mean, found.sd) == pytest.approx((standing.mean, standing.sd))


def test_likeness_to_a_good_result_speaks_for_it_and_to_a_bad_one_against() -> None:
    one, other = told().explain("like good"), told().explain("like bad")
    assert one.speak_for[0].id == "good"
    assert one.speak_for[0].effect > 0
    assert other.speak_against[0].id == "bad"
    assert other.speak_against[0].effect < 0


def test_where_less_is_better_the_same_speak_for_it() -> None:
    up, down = told().explain("like good"), told(maximise=False).explain("like good")
    assert [item.id for item in up.speak_for] == [item.id for item in down.speak_for]
    assert [item.id for item in up.speak_against] == [item.id for item in down.speak_against]


def test_a_candidates_own_traits_are_told_with_their_intervals(planted: Planted) -> None:
    pool, scores = planted(0)
    campaign = Campaign(pool)
    for id, score in scores.items():
        campaign.add_result(id, score, sem=0.01)
    best = max(scores, key=lambda id: scores[id])
    found = campaign.explain(best)
    assert [trait.trait for trait in found.traits][:3] == ["redox couple", "oriented gel", "guanidinium"]
    assert {trait.trait for trait in found.traits} == set(next(one.traits for one in pool if one.id == best))
    for trait in found.traits:
        assert trait.low < trait.effect < trait.high


def test_replicates_speak_with_one_voice() -> None:
    campaign = told()
    campaign.add_result("good", 5.1, sem=0.1)
    found = campaign.explain("like good")
    assert found.speak_for[0].id == "good"
    assert len({item.id for item in found.speak_for}) == len(found.speak_for)
    assert total(found) == pytest.approx(found.mean)


def test_before_any_result_belief_alone_tells_them_apart() -> None:
    found = Campaign(POOL).explain("good")
    assert (found.speak_for, found.speak_against) == ((), ())
    assert found.belief > 0
    assert Campaign([Candidate("a"), Candidate("b")]).explain("a").traits == ()


def test_a_candidate_of_another_campaign_cannot_be_explained() -> None:
    with pytest.raises(RankingError, match="no candidate"):
        told().explain("milk")


def test_nothing_measured_is_a_reason_to_begin() -> None:
    advice = Campaign(POOL).stop_advice()
    assert (advice.go_on, advice.p_better) == (True, 1.0)


def test_the_advice_follows_the_chance_of_something_better() -> None:
    """Ten candidates on a line that falls: once its top is known, those far down promise nothing."""
    pool = [Candidate(str(n), vector=(float(n),)) for n in range(10)]
    start, end = Campaign(pool), Campaign(pool)
    start.add_result("5", 5.0, sem=0.01)
    for n in range(8):
        end.add_result(str(n), 10.0 - n, sem=0.01)
    early, late = start.stop_advice(), end.stop_advice()
    assert early.go_on
    assert early.p_better > 0.3
    assert early.gain > 0
    assert not late.go_on
    assert late.p_better < 0.05
    assert "probability" in late.reason


def test_the_chance_is_that_of_a_normal_difference() -> None:
    """One tested, one open, nothing shared: the chance is read off two independent normals."""
    pool = [Candidate("a", traits=("a",)), Candidate("b", traits=("b",)), Candidate("c", traits=("c",))]
    campaign = Campaign(pool)
    campaign.add_result("a", 1.0, sem=0.01)
    campaign.add_result("b", 0.0, sem=0.01)
    found = {one.id: one for one in campaign.ranking()}
    gap = np.random.default_rng(5).normal(found["c"].mean, found["c"].sd, 200_000) - found["a"].mean
    advice = campaign.stop_advice()
    assert advice.p_better == pytest.approx((gap > 0).mean(), abs=0.05)
    assert advice.gain == pytest.approx(gap[gap > 0].mean(), rel=0.15)


def test_what_is_excluded_promises_nothing() -> None:
    campaign = told()
    for id in ("like good", "like bad"):
        campaign.exclude(id)
    assert campaign.stop_advice().reason == "Nothing is left to test."


def test_what_is_being_measured_may_still_be_the_best() -> None:
    campaign = Campaign(POOL)
    first, *others = [one.id for one in POOL]
    for score, other in enumerate(others):
        campaign.add_result(other, float(score % 3))
    campaign.mark_pending(first)
    advice = campaign.stop_advice()
    assert "something untested" in advice.reason
    assert advice.p_better > 0
