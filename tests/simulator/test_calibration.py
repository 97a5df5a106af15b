from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from simulator import SimulatorError, performance
from simulator.calibration import DEVELOPMENT, Calibration, Evidence, fit, predicted


def group(name: str, seed: int, sigma2: float, judged: bool = False) -> Evidence:
    """Five candidates whose outcomes follow the curve of this width, and the truth."""
    rng = np.random.default_rng(seed)
    s = np.append(rng.uniform(10, 90, 5), 100.0)
    outcome = performance(s, sigma2=sigma2)
    direct = tuple((outcome**0.8).tolist()) if judged else None
    return Evidence(
        name, tuple(s.tolist()), (True,) * 6, tuple(outcome.tolist()), (False,) * 5 + (True,), direct
    )


def test_the_width_is_found_again() -> None:
    made, unseen = fit([group(str(n), n, 2000.0) for n in range(8)], fitted_on="planted")
    assert made.sigma2 == pytest.approx(2000, rel=0.1)
    assert (made.groups, made.fitted_on) == (8, "planted")
    assert [one.name for one in unseen] == [str(n) for n in range(8)]
    assert made.noise < 0.02


def test_a_good_judges_estimate_gets_most_of_the_weight() -> None:
    made, _ = fit([group(str(n), n, 400.0, judged=True) for n in range(8)], fitted_on="planted")
    assert made.direct > 0.7
    assert made.sharpness > 1.0


def test_what_is_left_out_is_predicted_by_the_others() -> None:
    others = [group(str(n), n, 2000.0) for n in range(6)]
    odd = group("odd", 99, 100.0)
    _, unseen = fit([*others, odd], fitted_on="planted")
    left = next(one for one in unseen if one.name == "odd")
    assert np.mean(np.array(left.predicted) - np.array(left.reported)) > 0.1  # nothing of it was learned


def test_the_truth_itself_performs_as_the_truth() -> None:
    evidence = replace(group("g", 1, 1000.0), similarity=(40.0,) * 6)
    assert predicted(DEVELOPMENT, evidence).predicted[-1] == 1.0


def test_what_is_irrelevant_is_predicted_to_be_the_worst() -> None:
    low, high = DEVELOPMENT.predict(np.array([80.0, 80.0]), np.array([0.0, 1.0]))
    assert low == pytest.approx(float(performance(0.0, sigma2=DEVELOPMENT.sigma2)))
    assert low < high


def test_it_goes_through_json() -> None:
    assert Calibration.from_json(DEVELOPMENT.to_json()) == DEVELOPMENT
    assert Calibration.from_json({**DEVELOPMENT.to_json(), "left_out": {"rmse": 0.2}}) == DEVELOPMENT


@pytest.mark.parametrize(
    "data",
    [
        [],
        {},
        {"schema": 99, "sigma2": 1000.0},
        {"schema": 1},
        {"schema": 1, "sigma2": -1.0},
        {"schema": 1, "sigma2": 1.0, "direct": 2.0},
        {"schema": 1, "sigma2": 1.0, "another": 1},
    ],
    ids=str,
)
def test_what_is_no_calibration_is_refused(data) -> None:
    with pytest.raises(SimulatorError) as raised:
        Calibration.from_json(data)
    assert raised.value.code == "bad_calibration"


def test_two_groups_are_too_few() -> None:
    with pytest.raises(SimulatorError, match="3 or more"):
        fit([group("a", 1, 1000.0), group("b", 2, 1000.0)], fitted_on="two")
