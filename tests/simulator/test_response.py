from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import Landscape, SimulatorError, performance

similarities = st.floats(0, 100)
seeds = st.integers(-(2**40), 2**40)
levels = st.sampled_from([1, 2, 3])


@pytest.mark.parametrize(
    ("s", "sigma2", "expected"),
    [(100, 1000, 1.0), (0, 1000, math.exp(-5)), (60, 1000, math.exp(-0.8)), (85, 225, math.exp(-0.5))],
)
def test_the_published_curve(s: float, sigma2: float, expected: float) -> None:
    assert performance(s, sigma2=sigma2) == pytest.approx(expected)


def test_what_is_irrelevant_performs_as_if_nothing_matched() -> None:
    assert performance(80, relevance=0) == performance(0)


def test_it_works_on_arrays_of_any_shape() -> None:
    s = np.linspace(0, 100, 12).reshape(3, 4)
    for curve in (performance(s), Landscape.draw(3, 1).performance(s)):
        assert curve.shape == (3, 4)
    assert Landscape.draw(2, 1).performance(s)[1, 2] == Landscape.draw(2, 1).performance(s[1, 2])


@given(similarities, similarities, st.floats(1, 1e6), seeds)
def test_without_a_landscape_more_similarity_is_never_worse(
    a: float, b: float, sigma2: float, seed: int
) -> None:
    low, high = sorted((a, b))
    smooth = Landscape.draw(0, seed)
    assert smooth.performance(low, sigma2=sigma2) <= smooth.performance(high, sigma2=sigma2)
    assert smooth.performance(low, sigma2=sigma2) == performance(low, sigma2=sigma2)


@given(levels, seeds, st.floats(0, 99.9))
def test_a_rugged_landscape_stays_in_bounds_below_its_one_optimum(level: int, seed: int, s: float) -> None:
    landscape = Landscape.draw(level, seed)
    assert 0.01 <= landscape.performance(s) <= 0.98
    assert landscape.performance(100) == 1


@pytest.mark.parametrize(("level", "fewest", "most"), [(1, 1, 6), (2, 6, 12), (3, 12, 60)])
def test_levels_have_their_number_of_bumps(level: int, fewest: int, most: int) -> None:
    drawn = [Landscape.draw(level, seed) for seed in range(300)]
    counts = {len(landscape.bumps) for landscape in drawn}
    assert (min(counts), max(counts)) == (fewest, most)
    assert max(np.abs(landscape.bumps[:, 1]).max() for landscape in drawn) <= 0.1
    assert {len(landscape.cliffs) + len(landscape.saddles) for landscape in drawn} == {4 if level == 3 else 0}


def test_ruggedness_makes_local_optima_and_grows_with_the_level() -> None:
    s = np.linspace(0, 100, 2001)

    def optima(level: int, seed: int) -> int:
        slope = np.sign(np.diff(Landscape.draw(level, seed).performance(s)))
        turns = slope[slope != 0]
        return int(np.sum((turns[:-1] > 0) & (turns[1:] < 0)))

    mean = [np.mean([optima(level, seed) for seed in range(60)]) for level in range(4)]
    assert mean[0] == 0
    assert mean == sorted(mean)
    assert mean[1] > 0.5


def test_on_a_saddle_the_curve_rests_and_a_cliff_is_sudden() -> None:
    none = np.empty((0, 2))
    far = np.array([[0.0, 0.0]])
    flat = Landscape(far, np.array([[40.0, 50.0]]), np.empty((0, 3)))
    assert flat.performance(41) == flat.performance(49) == performance(45)
    assert flat.performance(51) == performance(51)
    steep = Landscape(far, none, np.array([[70.0, 80.0, 0.1]]))
    assert steep.performance(69.999) - steep.performance(70.001) == pytest.approx(0.1, abs=1e-3)
    assert steep.performance(80) == performance(80)


@given(levels, seeds)
def test_a_seed_draws_one_landscape(level: int, seed: int) -> None:
    s = np.linspace(0, 100, 50)
    again = Landscape.draw(level, seed).performance(s)
    assert np.array_equal(Landscape.draw(level, seed).performance(s), again)
    assert not np.array_equal(Landscape.draw(level, seed + 1).performance(s), again)


def test_what_cannot_be_is_refused() -> None:
    for sigma2 in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(SimulatorError) as raised:
            performance(50, sigma2=sigma2)
        assert raised.value.code == "bad_sigma2"
    with pytest.raises(SimulatorError, match="0, 1, 2 or 3"):
        Landscape.draw(4, 0)
