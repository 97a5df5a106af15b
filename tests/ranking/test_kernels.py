from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ranking import Candidate, kernels
from ranking.kernels import Array, setting_kernel, text_kernel, trait_kernel

NAMES = ("gel", "salt", "light", "steam", "couple")
numbers = st.floats(-1e6, 1e6)


def all_of(count: int) -> np.ndarray:
    return np.arange(count, dtype=np.intp)


def traits(*sets: tuple[str, ...], **vectors: tuple[float, ...]) -> Array:
    """The traits' kernel of candidates that have these."""
    kernel = trait_kernel([Candidate(str(n), traits=one) for n, one in enumerate(sets)], vectors)
    assert kernel is not None
    return kernel.block(all_of(len(sets)), all_of(len(sets)))


def settings(*features: dict[str, str | float]) -> Array:
    """Distances between candidates with these settings."""
    kernel = setting_kernel([Candidate(str(n), features=one) for n, one in enumerate(features)])
    assert kernel is not None
    squares = np.zeros((len(features), len(features)))
    for part in kernel.parts:
        placed = part.vectors[part.levels]
        squares += ((placed[:, None] - placed[None, :]) ** 2).sum(axis=2)
    return np.sqrt(squares)


def test_candidates_are_alike_by_the_share_of_traits_they_have_in_common() -> None:
    alike = traits(("gel", "salt"), ("gel", "light"), ("steam",))
    assert alike == pytest.approx(np.array([[1, 0.5, 0], [0.5, 1, 0], [0, 0, 1]]))


def test_a_trait_named_twice_is_one_trait() -> None:
    assert traits(("gel", "gel"), ("gel",))[0, 1] == pytest.approx(1)


def test_near_names_count_by_the_fourth_power_of_their_cosine() -> None:
    alike = traits(("gel",), ("hydrogel",), gel=(1.0, 0.0), hydrogel=(0.8, 0.6))
    assert alike[0, 1] == pytest.approx(0.8**4)


def test_the_length_of_a_vector_does_not_matter() -> None:
    alike = traits(("gel",), ("hydrogel",), gel=(3.0, 0.0), hydrogel=(8e-9, 6e-9))
    assert alike[0, 1] == pytest.approx(0.8**4)


def test_a_name_without_a_vector_matches_only_itself() -> None:
    alike = traits(("gel",), ("salt",), ("salt",), ("nothing",), gel=(1.0, 0.0), nothing=(0.0, 0.0))
    assert alike == pytest.approx(np.array([[1, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 1]]))


def test_a_candidate_without_traits_is_like_itself_alone() -> None:
    assert traits(("gel",), (), ()) == pytest.approx(np.eye(3))


vectors = st.tuples(numbers, numbers)


@hypothesis_settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from(NAMES), max_size=4).map(tuple), min_size=1, max_size=8),
    st.dictionaries(st.sampled_from(NAMES), vectors),
)
def test_the_traits_kernel_is_one_and_no_more_than_1(
    sets: list[tuple[str, ...]], named: dict[str, tuple[float, float]]
) -> None:
    if not any(sets):
        sets = [*sets, ("gel",)]
    alike = traits(*sets, **named)
    assert np.diag(alike) == pytest.approx(1)
    assert alike.min() >= 0
    assert alike.max() <= 1 + 1e-9
    assert np.linalg.eigvalsh(alike).min() > -1e-9


def test_opposite_names_leave_it_a_kernel() -> None:
    """Cutting negative cosines off would not: these are the directions in which it fails."""
    circle = {f"t{n}": (math.cos(n * math.pi / 8), math.sin(n * math.pi / 8)) for n in range(16)}
    alike = traits(*((name,) for name in circle), **circle)
    assert np.linalg.eigvalsh(alike).min() > -1e-9


@hypothesis_settings(deadline=None)
@given(st.lists(vectors, min_size=1, max_size=8), st.sampled_from([0.5, 1.0, 2.0]))
def test_the_text_kernel_is_one(texts: list[tuple[float, float]], length: float) -> None:
    kernel = text_kernel([Candidate(str(n), vector=vector) for n, vector in enumerate(texts)])
    assert kernel is not None
    [alike] = kernel.block(all_of(len(texts)), all_of(len(texts)), [length])
    assert np.diag(alike) == pytest.approx(1, abs=1e-6)
    assert np.linalg.eigvalsh(alike).min() > -1e-6


def test_texts_are_alike_by_matern_in_units_of_their_median_distance() -> None:
    kernel = text_kernel([Candidate(str(n), vector=(10.0 * n,)) for n in range(3)])
    assert kernel is not None
    assert kernel.scale == pytest.approx(10)
    root = math.sqrt(5)
    [alike] = kernel.block(all_of(3), all_of(3), [1.0])
    assert alike[0, 1] == pytest.approx((1 + root + 5 / 3) * math.exp(-root))


def test_copies_of_a_text_do_not_set_the_scale() -> None:
    """Most pairs are copies, whose distance is rounding; the scale is that of different texts."""
    random = np.random.default_rng(0)
    one, other = random.normal(size=384), random.normal(size=384)
    pool = [Candidate(str(n), vector=tuple(one if n % 5 else other)) for n in range(40)]
    kernel = text_kernel(pool)
    assert kernel is not None
    assert kernel.scale == pytest.approx(float(np.linalg.norm(one - other)), rel=1e-6)


def test_one_text_far_from_all_others_leaves_their_distances() -> None:
    texts = [*[(0.0, float(n)) for n in range(9)], (1e9, 0.0)]
    near, far = (
        text_kernel([Candidate("a", vector=v) for v in texts[:-1]]),
        text_kernel([Candidate("a", vector=v) for v in texts]),
    )
    assert near is not None
    assert far is not None
    assert far.scale == pytest.approx(3, rel=0.4)
    [alike] = far.block(all_of(9), all_of(9), [near.scale / far.scale])
    assert alike == pytest.approx(near.block(all_of(9), all_of(9), [1.0])[0], abs=1e-9)


def test_categories_are_one_apart_and_quantities_by_the_pools_range() -> None:
    apart = settings({"base": "K2CO3", "T": 90}, {"base": "KOAc", "T": 90}, {"base": "K2CO3", "T": 120.0})
    assert apart == pytest.approx(np.array([[0, 1, 1], [1, 0, math.sqrt(2)], [1, math.sqrt(2), 0]]))


def test_a_missing_quantity_lies_in_the_middle_and_the_others_stay_quantities() -> None:
    apart = settings({"T": 90.0}, {"T": 100.0}, {"T": 110.0}, {})
    assert apart[0] == pytest.approx([0, 0.5, 1, 0.5])


def test_a_missing_category_is_none_of_them() -> None:
    apart = settings({"base": "K2CO3", "T": 1}, {"base": "None", "T": 1}, {"T": 1}, {"T": 1})
    assert apart[2, 3] == 0
    assert apart[1, 2] == apart[0, 2] == pytest.approx(math.sqrt(0.5))


def test_a_setting_of_texts_and_numbers_is_a_category() -> None:
    assert settings({"T": 90.0}, {"T": "reflux"}, {"T": 91.0})[0] == pytest.approx([0, 1, 1])


def test_a_quantity_that_never_varies_tells_nothing() -> None:
    assert settings({"T": 0.1 + 0.2}, {"T": 0.3}, {"T": 0.3}) == pytest.approx(np.zeros((3, 3)), abs=1e-9)


def test_nothing_described_is_no_kernel() -> None:
    pool = [Candidate("a"), Candidate("b")]
    assert (trait_kernel(pool, {}), text_kernel(pool), setting_kernel(pool)) == (None, None, None)


@hypothesis_settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(["", "KOAc", "CsOAc"]), st.floats(-10, 10), st.tuples(numbers, numbers)),
        min_size=1,
        max_size=9,
    ),
    st.sampled_from([0.5, 1.0, 2.0]),
)
def test_the_settings_kernel_is_one_and_adds_up(
    rows: list[tuple[str, float, tuple[float, float]]], length: float
) -> None:
    """A mean of kernels, one a setting or description, each 1 on its diagonal."""
    pool = [
        Candidate(
            str(n), features={"base": base, "T": T} if base else {"T": T}, descriptors={"ligand": ligand}
        )
        for n, (base, T, ligand) in enumerate(rows)
    ]
    kernel = setting_kernel(pool)
    assert kernel is not None
    everything = all_of(len(pool))
    [alike] = kernel.block(everything, everything, [length])
    parts = [part.block(everything, everything, [length])[0] for part in kernel.parts]
    assert alike == pytest.approx(sum(parts) / len(parts))
    assert np.diag(alike) == pytest.approx(1, abs=1e-6)
    assert np.linalg.eigvalsh(alike).min() > -1e-6


def test_shared_descriptions_are_compared_once_and_give_the_same() -> None:
    """Few levels, many candidates: the table of levels is looked up; one row at a time it is not."""
    pool = [Candidate(str(n), descriptors={"ligand": (float(n % 3), 2.0 * (n % 2))}) for n in range(30)]
    kernel = setting_kernel(pool)
    assert kernel is not None
    everything = all_of(30)
    [table] = kernel.block(everything, everything, [1.0])
    rows = [kernel.block(everything[n : n + 1], everything, [1.0])[0] for n in range(30)]
    assert table == pytest.approx(np.concatenate(rows))


def test_the_unit_of_a_descriptor_does_not_matter() -> None:
    one, other = (
        setting_kernel([Candidate(str(n), descriptors={"ligand": (factor * n, n % 3)}) for n in range(7)])
        for factor in (1.0, 1000.0)
    )
    assert one is not None
    assert other is not None
    assert one.block(all_of(7), all_of(7), [1.0])[0] == pytest.approx(
        other.block(all_of(7), all_of(7), [1.0])[0]
    )


def test_vectors_in_single_precision_stay_so() -> None:
    pool = [Candidate(str(n), vector=np.array([n, n % 2], dtype=np.float32)) for n in range(5)]
    kernel = text_kernel(pool)
    assert kernel is not None
    assert kernel.vectors.dtype == np.float32
    double = text_kernel([Candidate(one.id, vector=tuple(map(float, one.vector))) for one in pool])
    assert double is not None
    assert kernel.block(all_of(5), all_of(5), [1.0])[0] == pytest.approx(
        double.block(all_of(5), all_of(5), [1.0])[0], abs=1e-5
    )


def test_vectors_of_a_huge_pool_stay_where_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    pool = [Candidate(str(n), vector=vectors[n]) for n in range(9)]
    copied = text_kernel(pool)
    monkeypatch.setattr(kernels, "HUGE", 8)
    scattered = text_kernel(pool)
    assert copied is not None
    assert scattered is not None
    assert isinstance(scattered.vectors, kernels.Scattered)
    assert all(np.shares_memory(row, vectors) for row in scattered.vectors.rows)
    rows, columns = np.array([7, 0, 3]), np.array([1, 3])
    for one, other in zip(*(k.block(rows, columns, [0.5, 2.0]) for k in (copied, scattered)), strict=True):
        assert one == pytest.approx(other, abs=1e-6)


def test_texts_of_a_large_pool_are_compared_in_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = [Candidate(str(n), vector=(float(n), float(n % 4))) for n in range(30)]
    double = text_kernel(pool)
    monkeypatch.setattr(kernels, "MANY", 20)
    single, beyond = text_kernel(pool), text_kernel([*pool, Candidate("far", vector=(1e90, 0.0))])
    assert double is not None
    assert single is not None
    assert beyond is not None
    assert (single.vectors.dtype, beyond.vectors.dtype) == (np.float32, np.float64)
    assert single.block(all_of(30), all_of(30), [1.0])[0] == pytest.approx(
        double.block(all_of(30), all_of(30), [1.0])[0], abs=1e-6
    )
