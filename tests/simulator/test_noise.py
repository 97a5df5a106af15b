from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import Noise, SimulatorError
from simulator.draws import keys

MANY = keys([f"candidate {n}" for n in range(20_000)])
levels = st.floats(0, 1)


def measured(noise: Noise, performance: float, seed: int = 1, replicate: int = 0):
    return noise.measure(np.full(len(MANY), performance), MANY, seed, replicate)


def test_additive_noise_scatters_by_its_standard_deviation() -> None:
    values, failed = measured(Noise(0.05), 0.4)
    assert values.mean() == pytest.approx(0.4, abs=0.002)
    assert values.std() == pytest.approx(0.05, rel=0.03)
    assert not failed.any()


def test_proportional_noise_grows_with_the_performance() -> None:
    noise = Noise(0.0, proportional=0.2)
    assert measured(noise, 0.8)[0].std() == pytest.approx(0.16, rel=0.03)
    assert measured(noise, 0.1)[0].std() == pytest.approx(0.02, rel=0.03)
    assert measured(noise, 0.0)[0].std() == 0


def test_heteroscedastic_noise_is_so_many_times_larger_at_the_top() -> None:
    noise = Noise(0.01, heteroscedastic=4)
    assert noise.sd(1.0) == pytest.approx(4 * noise.sd(0.0))
    assert noise.sd(0.5) == pytest.approx(2 * noise.sd(0.0))


def test_what_is_beyond_the_instrument_reads_as_its_limit() -> None:
    low, _ = measured(Noise(0.05, detection_limit=0.1, saturation=0.9), 0.05)
    high, _ = measured(Noise(0.05, detection_limit=0.1, saturation=0.9), 0.95)
    assert low.min() == 0.1
    assert np.mean(low == 0.1) > 0.5
    assert high.max() == 0.9


def test_a_batch_shares_its_drift_and_the_next_goes_on_from_it() -> None:
    noise = Noise(0.0, drift=0.1)
    shifts = [measured(noise, 0.5, replicate=n)[0] - 0.5 for n in range(40)]
    assert all(np.ptp(shift) == 0 for shift in shifts)
    steps = np.diff([shift[0] for shift in shifts])
    assert steps.std() == pytest.approx(0.1, rel=0.4)


def test_outliers_are_rare_and_far() -> None:
    noise = Noise(0.01, outlier_rate=0.02, outlier_size=20)
    far = np.abs(measured(noise, 0.5)[0] - 0.5) > 0.1
    assert far.mean() == pytest.approx(0.02, rel=0.25)


def test_poor_candidates_may_fail_more_often() -> None:
    noise = Noise(failure_rate=0.1, failure_at_worst=0.5)
    rates = [measured(noise, level)[1].mean() for level in (1.0, 0.5, 0.0)]
    assert rates == pytest.approx([0.1, 0.3, 0.5], abs=0.015)


@given(st.lists(st.text(max_size=8), unique=True, min_size=1, max_size=30), st.integers(0, 5), st.randoms())
def test_a_measurement_hangs_on_its_key_alone(names: list[str], replicate: int, random) -> None:
    noise = Noise(0.05, proportional=0.1, outlier_rate=0.2, failure_rate=0.3, drift=0.1)
    levels = {name: index / len(names) for index, name in enumerate(names)}

    def by_name(order: list[str]) -> dict[str, tuple[float, bool]]:
        values, failed = noise.measure(np.array([levels[n] for n in order]), keys(order), 7, replicate)
        return dict(zip(order, zip(values.tolist(), failed.tolist(), strict=True), strict=True))

    shuffled = random.sample(names, len(names))
    assert by_name(shuffled) == by_name(names)


def test_one_kind_of_noise_leaves_the_draws_of_the_others() -> None:
    plain, _ = measured(Noise(0.05), 0.5)
    failing, _ = measured(Noise(0.05, failure_rate=0.5), 0.5)
    assert np.array_equal(plain, failing)


def test_draws_of_different_seeds_and_replicates_are_unrelated() -> None:
    streams = [measured(Noise(1.0), 0.0, seed, replicate)[0] for seed in (0, 1) for replicate in (0, 1)]
    correlations = np.corrcoef(streams)[np.triu_indices(4, 1)]
    assert np.abs(correlations).max() < 0.03


@given(levels)
def test_the_standard_deviation_is_finite_and_not_negative(level: float) -> None:
    sd = float(Noise(0.05, proportional=0.3, heteroscedastic=5).sd(level))
    assert math.isfinite(sd)
    assert sd >= 0.05 * 0.999


@pytest.mark.parametrize(
    "options",
    [
        {"additive": -0.1},
        {"additive": "much"},
        {"additive": True},
        {"heteroscedastic": 0},
        {"outlier_rate": 1.5},
        {"failure_rate": -0.1},
        {"failure_at_worst": 2},
        {"saturation": math.inf},
        {"drift": math.nan},
    ],
    ids=str,
)
def test_sizes_out_of_range_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(SimulatorError, match=next(iter(options))) as raised:
        Noise(**options)
    assert raised.value.code == "bad_option"
