"""Key points are grouped by function, and hypotheses shared out among the groups."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from agents.clustering import MOST_CLUSTERS, choose_labels, choose_names, group_key_points, hypothesis_map
from agents.drafts import KeyPoint

LIGHT = [
    KeyPoint("ruthenium bipyridine", "absorbs visible light"),
    KeyPoint("eosin Y", "absorbs visible light"),
    KeyPoint("iridium photosensitiser", "harvests light for the reaction"),
]
MEMBRANE = [
    KeyPoint("polyamide layer", "membrane that rejects salt"),
    KeyPoint("graphene oxide laminate", "membrane that sieves ions"),
    KeyPoint("nanofiltration membrane", "separates salt from water"),
]


def unit(vectors: np.ndarray) -> np.ndarray:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


VECTORS = arrays.arrays(
    np.float64,
    st.tuples(st.integers(1, 40), st.just(5)),
    elements=st.floats(-1, 1).map(lambda x: round(x, 3)),
).map(lambda found: unit(found + np.array([3.0, 0, 0, 0, 0])))


def test_what_does_the_same_lies_together(embedder):
    groups = group_key_points([LIGHT, MEMBRANE], embedder)
    assert [set(group.key_points) for group in groups] == [set(LIGHT), set(MEMBRANE)]


def test_a_hypothesis_is_in_every_group_that_it_touches(embedder):
    both = [LIGHT[0], LIGHT[1], MEMBRANE[0]]
    light, membrane = group_key_points([both, LIGHT, MEMBRANE], embedder)
    assert light.weights == {0: pytest.approx(2 / 3), 1: 1.0}
    assert membrane.weights == {0: pytest.approx(1 / 3), 2: 1.0}


def test_the_number_of_groups_comes_from_the_data():
    rng = np.random.default_rng(5)
    for wanted in (2, 3, 5):
        centres = np.repeat(np.eye(8)[:wanted], 12, axis=0)
        labels = choose_labels(unit(centres + 0.05 * rng.normal(size=centres.shape)))
        assert labels.tolist() == np.repeat(range(wanted), 12).tolist()


def test_one_key_point_or_none(embedder):
    assert group_key_points([[], []], embedder) == []
    (only,) = group_key_points([[LIGHT[0]], [], [LIGHT[0]]], embedder)
    assert only.key_points == (LIGHT[0],)
    assert only.weights == {0: 1.0, 2: 1.0}


def test_key_points_that_are_all_the_same_are_one_group():
    assert choose_labels(unit(np.ones((7, 4)))).tolist() == [0] * 7


@given(VECTORS)
def test_labels_are_a_partition_numbered_by_first_occurrence(vectors):
    labels = choose_labels(vectors).tolist()
    assert len(labels) == len(vectors)
    assert list(dict.fromkeys(labels)) == list(range(max(labels) + 1))
    assert max(labels) < MOST_CLUSTERS


@given(VECTORS)
def test_shares_of_a_hypothesis_add_up_to_one(vectors):
    class Given:
        name, dimension = "given", 5

        def embed(self, texts):
            return vectors[: len(texts)].astype(np.float32)

    points = [KeyPoint(f"trait {n}", "") for n in range(len(vectors))]
    pool = [points[::2], points[1::2], points]
    groups = group_key_points(pool, Given())
    for position, own in enumerate(pool):
        total = sum(group.weights.get(position, 0.0) for group in groups)
        assert total == pytest.approx(1.0 if own else 0.0)
    assert sorted(p.name for g in groups for p in g.key_points) == sorted(p.name for p in points)


def test_names_are_made_distinct(embedder):
    groups = group_key_points([LIGHT, MEMBRANE], embedder)
    names = choose_names(["Transport", "transport"], groups)
    assert names == ["Transport", f"transport ({groups[1].key_points[0].name})"]


@given(VECTORS)
def test_the_map_keeps_within_its_frame_and_its_sign(vectors):
    plane = hypothesis_map(vectors)
    assert plane.shape == (len(vectors), 2)
    assert np.all(np.abs(plane) <= 1 + 1e-9)
    assert np.array_equal(hypothesis_map(vectors), plane)


def test_the_map_sets_apart_what_differs():
    plane = hypothesis_map(unit(np.array([[1, 0, 0.1], [1, 0.1, 0], [0, 1, 0.1], [0.1, 1, 0]])))
    near = np.linalg.norm(plane[0] - plane[1]), np.linalg.norm(plane[2] - plane[3])
    assert np.linalg.norm(plane[0] - plane[2]) > 3 * max(near)
