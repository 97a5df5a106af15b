from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking import Campaign, Candidate, matches
from ranking.kernels import Array, trait_kernel
from ranking.matches import Matches, match_kernel

NAMES = ("gel", "salt", "light", "steam", "couple")
VECTORS = dict(zip(NAMES, np.random.default_rng(0).normal(size=(5, 3)).tolist(), strict=True))


def kernel_of(*sets: tuple[str, ...]) -> Matches | None:
    pool = [Candidate(str(n), traits=one) for n, one in enumerate(sets)]
    return match_kernel(trait_kernel(pool, VECTORS))


def alike(*sets: tuple[str, ...]) -> Array:
    kernel = kernel_of(*sets)
    assert kernel is not None
    everything = np.arange(len(sets), dtype=np.intp)
    return kernel.block(everything, everything)


def test_the_features_are_the_best_matches_to_each_name_in_deviations_from_the_pool() -> None:
    sets = (("gel", "salt"), ("light",), ("steam", "couple", "gel"), ("salt",))
    unit = {name: np.array(v) / np.linalg.norm(v) for name, v in VECTORS.items()}
    best = np.array(
        [[max(float(unit[one] @ unit[goal]) ** 2 for one in mine) for goal in sorted(NAMES)] for mine in sets]
    )
    standing = (best - best.mean(axis=0)) / best.std(axis=0)
    standing /= np.linalg.norm(standing, axis=1)[:, None]
    assert alike(*sets) == pytest.approx(standing @ standing.T)


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from(NAMES), max_size=4).map(tuple), min_size=2, max_size=9))
def test_it_is_a_kernel_that_is_1_on_its_diagonal(sets: list[tuple[str, ...]]) -> None:
    if kernel_of(*sets) is None:  # nothing tells them apart
        assert len({frozenset(one) for one in sets if one}) <= 1 or len(sets) < 2
        return
    found = alike(*sets)
    assert np.diag(found) == pytest.approx(1)
    assert np.linalg.eigvalsh(found).min() > -1e-9


def test_a_candidate_without_traits_is_like_itself_alone() -> None:
    found = alike(("gel",), (), ("salt",), ())
    assert found[1] == pytest.approx([0, 1, 0, 0])


def test_where_all_have_the_same_traits_there_is_no_such_kernel() -> None:
    assert kernel_of(("gel", "salt"), ("salt", "gel"), ()) is None
    assert match_kernel(None) is None


def test_a_part_is_a_part_of_the_whole() -> None:
    sets = (("gel", "salt"), ("light",), (), ("steam", "couple"), ("salt",))
    kernel = kernel_of(*sets)
    assert kernel is not None
    rows, columns = np.array([4, 2, 0]), np.array([2, 3])
    assert kernel.block(rows, columns) == pytest.approx(alike(*sets)[np.ix_(rows, columns)])


def test_of_many_names_a_sample_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(1)
    vectors = {f"t{n}": random.normal(size=4).tolist() for n in range(60)}
    sets = [tuple(map(str, random.choice(list(vectors), 4, replace=False))) for _ in range(40)]
    traits = trait_kernel([Candidate(str(n), traits=one) for n, one in enumerate(sets)], vectors)
    everything = np.arange(40, dtype=np.intp)
    whole = match_kernel(traits)
    monkeypatch.setattr(matches, "ANCHORS", 30)
    part = match_kernel(traits)
    assert whole is not None
    assert part is not None
    assert part.features.shape[1] <= 30 < whole.features.shape[1]
    blocks = (one.block(everything, everything).ravel() for one in (whole, part))
    assert np.corrcoef(*blocks)[0, 1] > 0.9


def test_a_pool_that_is_too_large_does_with_overlap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matches, "MOST", 2)
    assert kernel_of(("gel", "salt"), ("light",)) is not None
    assert kernel_of(("gel", "salt"), ("light",), ("steam",)) is None


def test_what_comes_near_a_goal_in_all_its_points_is_found_sooner_than_by_overlap_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Scores as CSX-Sim gives them, the goal one of the pool; the same campaigns with and without matches."""
    with_matches, without = [], []
    for seed in range(12):
        pool, scores, vectors = _judged(seed)
        with_matches.append(_experiments(pool, scores, vectors, seed))
        with monkeypatch.context() as patch:
            patch.setattr("ranking.campaign.match_kernel", lambda traits: None)
            without.append(_experiments(pool, scores, vectors, seed))
    assert np.mean(with_matches) < np.mean(without)


def _judged(seed: int) -> tuple[list[Candidate], dict[str, float], dict[str, list[float]]]:
    random = np.random.default_rng(seed)
    centres = random.normal(size=(12, 6))
    kinds = random.integers(12, size=120)
    unit = centres[kinds] + 0.5 * random.normal(size=(120, 6))
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    sets = [random.choice(120, 4, replace=False) for _ in range(50)]
    nearness = np.maximum(unit @ unit.T, 0.0) ** 2
    raw = np.array([nearness[np.ix_(mine, sets[0])].max(axis=0).mean() for mine in sets])
    pool = [Candidate(str(n), traits=tuple(f"t{t}" for t in mine)) for n, mine in enumerate(sets)]
    scores = {str(n): float(np.exp(-((100 * (1 - s)) ** 2) / 2000)) for n, s in enumerate(raw)}
    return pool, scores, {f"t{n}": vector.tolist() for n, vector in enumerate(unit)}


def _experiments(
    pool: list[Candidate], scores: dict[str, float], vectors: dict[str, list[float]], seed: int
) -> int:
    campaign = Campaign(pool, seed=seed, trait_vectors=vectors)
    best = max(scores, key=lambda id: scores[id])
    random = np.random.default_rng(seed)
    error = {id: float(random.normal(0, 0.05)) for id in sorted(scores)}
    for count in range(1, len(pool) + 1):
        [id] = campaign.recommend()
        if id == best:
            return count
        campaign.add_result(id, scores[id] + error[id], sem=0.05)
    raise AssertionError("the best candidate was never tested")
