from __future__ import annotations

import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import GroundTruth, KeyPoint, Noise, Sample, SimulatedLaboratory, SimulatorError, performance

weights = st.floats(1e-6, 1e6)
truths = st.lists(
    st.builds(KeyPoint, name=st.text(min_size=1, max_size=12), weight=weights), min_size=1, max_size=5
).map(lambda points: GroundTruth(tuple(points)))


def test_weights_are_scaled_to_a_hundred(truth: GroundTruth) -> None:
    assert [point.weight for point in truth.key_points] == pytest.approx([50, 37.5, 12.5])
    assert [point.weight for point in GroundTruth(truth.key_points).key_points] == pytest.approx(
        [50, 37.5, 12.5]
    )


@pytest.mark.parametrize("weight", [0.0, -1.0, math.nan, math.inf])
def test_a_weight_that_is_not_positive_is_refused(weight: float) -> None:
    with pytest.raises(SimulatorError, match="'salt'") as raised:
        GroundTruth((KeyPoint("gel", weight=1.0), KeyPoint("salt", weight=weight)))
    assert raised.value.code == "bad_ground_truth"


def test_a_truth_without_key_points_is_none() -> None:
    with pytest.raises(SimulatorError, match="at least one key point"):
        GroundTruth(())


@given(truths, st.sampled_from([0, 1, 2, 3]))
def test_the_truth_itself_scores_1(truth: GroundTruth, landscape: int) -> None:
    laboratory = SimulatedLaboratory(truth, noise=0.0, landscape=landscape)
    [result] = laboratory.measure([Sample("truth", truth.key_points)])
    assert (result.score, result.sem) == (1.0, 0.0)


def test_similarity_is_the_weighted_sum_of_matches(truth: GroundTruth) -> None:
    laboratory = SimulatedLaboratory(truth, noise=0.0)
    half = Sample("half", (KeyPoint("ferricyanide redox couple, 0.4 M"),))
    assert laboratory.explain(half).similarity == pytest.approx(50)
    assert laboratory.performance(half) == pytest.approx(float(performance(50)))
    assert [match.reason for match in laboratory.explain(half).matches] == ["same", "none", "none"]


def test_what_shares_nothing_with_the_truth_performs_at_the_bottom(truth: GroundTruth) -> None:
    laboratory = SimulatedLaboratory(truth, noise=0.0)
    for nothing in (Sample("empty"), Sample("other", (KeyPoint("tea"),))):
        assert laboratory.measure([nothing])[0].score == pytest.approx(math.exp(-5))


def test_replicates_scatter_as_the_noise_says(truth: GroundTruth) -> None:
    laboratory = SimulatedLaboratory(truth, noise=0.05, seed=1)
    sample = Sample("gel", (KeyPoint("oriented PVA gel"),))
    results = [laboratory.measure([sample], replicate=n)[0] for n in range(2000)]
    scores = [result.score for result in results if result.score is not None]
    assert statistics.fmean(scores) == pytest.approx(laboratory.performance(sample), abs=0.005)
    assert statistics.stdev(scores) == pytest.approx(0.05, rel=0.1)
    assert {result.sem for result in results} == {0.05}


def test_noise_differs_by_seed_replicate_and_key_points(truth: GroundTruth) -> None:
    gel, salt = Sample("x", (KeyPoint("oriented PVA gel"),)), Sample("x", (KeyPoint("guanidinium salt"),))

    def noise(sample: Sample, seed: int = 0, replicate: int = 0) -> float:
        laboratory = SimulatedLaboratory(truth, seed=seed)
        [result] = laboratory.measure([sample], replicate=replicate)
        assert result.score is not None
        return round(result.score - laboratory.performance(sample), 12)

    assert len({noise(gel), noise(gel, seed=1), noise(gel, replicate=1), noise(salt)}) == 4
    swapped = [
        Sample("x", points) for points in (gel.key_points + salt.key_points, salt.key_points + gel.key_points)
    ]
    assert noise(swapped[0]) == noise(swapped[1])


def test_some_measurements_fail(truth: GroundTruth) -> None:
    sample = Sample("gel", (KeyPoint("oriented PVA gel"),))
    reliable = SimulatedLaboratory(truth, cost=3.0)
    laboratory = SimulatedLaboratory(truth, cost=3.0, noise=Noise(failure_rate=0.3))
    results = [laboratory.measure([sample], replicate=n)[0] for n in range(1000)]
    failed = [result for result in results if result.status == "failed"]
    assert len(failed) == pytest.approx(300, abs=50)
    assert {(result.score, result.cost) for result in failed} == {(None, 3.0)}
    for n, result in enumerate(results):
        if result.status == "done":
            assert result == reliable.measure([sample], replicate=n)[0]


@pytest.mark.parametrize(
    "option",
    [
        {"sigma2": 0},
        {"sigma2": "wide"},
        {"noise": -0.1},
        {"noise": math.nan},
        {"cost": -1},
        {"landscape": 7},
        {"landscape": "high"},
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(truth: GroundTruth, option: dict[str, float]) -> None:
    with pytest.raises(SimulatorError, match=next(iter(option))):
        SimulatedLaboratory(truth, **option)
