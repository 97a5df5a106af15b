from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.validation import Group, agreement, spearman

RIGHT = Group("right", (1.0, 0.5, 0.1), (1.0, 0.6, 0.2), (True, False, False))
TURNED = Group("turned", (1.0, 0.1, 0.5), (1.0, 0.6, 0.2), (True, False, False))


def test_figures_are_means_over_groups() -> None:
    found = agreement([RIGHT, TURNED])
    assert found.spearman.value == pytest.approx((1.0 + 0.5) / 2)
    assert (found.perfect, found.groups) == (1, 2)
    assert found.mae.value == pytest.approx((0.2 / 3 + 0.8 / 3) / 2)
    assert found.rmse.value == pytest.approx((math.sqrt(0.02 / 3) + math.sqrt((0.25 + 0.09) / 3)) / 2)


def test_without_the_truth_the_trivially_first_is_gone() -> None:
    found = agreement([RIGHT, TURNED], without_truth=True)
    assert found.spearman.value == pytest.approx(0.0)
    assert found.mae.value == pytest.approx((0.1 + 0.4) / 2)


def test_an_interval_holds_its_mean_and_narrows_to_it_where_groups_agree() -> None:
    found = agreement([RIGHT, TURNED] * 5)
    assert found.spearman.low < found.spearman.value < found.spearman.high
    same = agreement([RIGHT] * 5).rmse
    assert same.low == pytest.approx(same.value) == pytest.approx(same.high)


def test_predictions_that_are_all_equal_order_nothing() -> None:
    assert spearman(np.array([0.5, 0.5]), np.array([0.1, 0.9])) == 0.0


def test_a_group_of_the_truth_alone_is_not_ordered() -> None:
    alone = Group("alone", (1.0,), (1.0,), (True,))
    found = agreement([RIGHT, alone])
    assert found.groups == 1
    assert agreement([alone], without_truth=True).groups == 0


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=2, max_size=8))
def test_errors_are_never_negative_and_a_perfect_prediction_has_none(
    pairs: list[tuple[float, float]],
) -> None:
    predicted, reported = zip(*pairs, strict=True)
    group = Group("g", predicted, reported, (False,) * len(pairs))
    found = agreement([group])
    assert min(found.rmse.value, found.mae.value, found.rmsle.value) >= 0
    exact = agreement([Group("g", reported, reported, group.truth)])
    assert exact.rmse.value == exact.mae.value == exact.rmsle.value == 0
