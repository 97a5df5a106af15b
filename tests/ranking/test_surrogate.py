from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ranking import Candidate, observations
from ranking import surrogate as module
from ranking.kernels import Array, text_kernel, trait_kernel
from ranking.observations import Observations
from ranking.surrogate import Surrogate, fit_surrogate

POOL = [
    Candidate(str(n), traits=traits, vector=vector)
    for n, (traits, vector) in enumerate(
        [
            (("gel",), (0.0, 0.0)),
            (("gel", "salt"), (1.0, 0.2)),
            (("salt",), (0.3, 1.0)),
            (("light",), (2.0, 2.0)),
            ((), (0.5, 0.5)),
            (("light", "gel", "salt"), (1.5, 0.1)),
        ]
    )
]
PRIOR = np.array([1.5, 0.5, 0.0, -1.0, 0.3, -1.3])
EVERYTHING = np.arange(len(POOL), dtype=np.intp)


def observed(*results: tuple[int, float, float]) -> Observations:
    """Results: place, score, standard error."""
    table = np.array(results, dtype=np.float64).reshape(-1, 3)
    return Observations(table[:, 0].astype(np.intp), table[:, 1], table[:, 2])


def fitted(seen: Observations, prior: Array | None = None) -> Surrogate:
    return fit_surrogate(trait_kernel(POOL, {}), text_kernel(POOL), None, prior, len(POOL), seen)


def textbook(
    seen: Observations, length: float, slope: float, noise: float, amplitude: float = 1.0
) -> tuple[Array, Array, float]:
    """Mean, covariance and log evidence of one model, by explicit inverse and determinant, in raw units."""
    traits, text = trait_kernel(POOL, {}), text_kernel(POOL)
    assert traits is not None
    assert text is not None
    center, scale = float(np.mean(seen.scores)), float(np.std(seen.scores))
    [texts] = text.block(EVERYTHING, EVERYTHING, [length])
    kernel = amplitude * ((traits.block(EVERYTHING, EVERYTHING) + texts) / 2 + 0.3)
    targets = (seen.scores - center) / scale - slope * PRIOR[seen.places]
    own = [noise if math.isnan(sem) else (sem / scale) ** 2 + 1e-4 for sem in seen.sems]
    inverse = np.linalg.inv(kernel[np.ix_(seen.places, seen.places)] + np.diag(own))
    cross = kernel[:, seen.places]
    mean = slope * PRIOR + cross @ inverse @ targets
    covariance = kernel - cross @ inverse @ cross.T
    evidence = -0.5 * targets @ inverse @ targets + 0.5 * math.log(np.linalg.det(inverse))
    return center + scale * mean, scale**2 * covariance, float(evidence)


SEEN = observed((1, 40.0, math.nan), (3, 10.0, 2.0), (3, 14.0, math.nan), (0, 33.0, 0.0))


def test_one_grid_point_is_the_textbooks_gaussian_process(monkeypatch: pytest.MonkeyPatch) -> None:
    grid = (
        ("LENGTHS", (0.5,)),
        ("NOISES", (0.2,)),
        ("AMPLITUDES", (2.0,)),
        ("SLOPES", (0.6,)),
        ("BELIEFS", (1.0,)),
    )
    for name, value in grid:
        monkeypatch.setattr(module if hasattr(module, name) else observations, name, value)
    mean, covariance, _ = textbook(SEEN, 0.5, 0.6, 0.2, 2.0)
    surrogate = fitted(SEEN, PRIOR)
    assert surrogate.moments()[0] == pytest.approx(mean)
    assert surrogate.moments()[1] == pytest.approx(np.sqrt(np.diag(covariance)))
    assert surrogate.joint(EVERYTHING)[0] == pytest.approx(mean)
    assert surrogate.joint(EVERYTHING)[1] == pytest.approx(covariance)


def test_the_grid_is_averaged_by_evidence() -> None:
    grid = [
        (*textbook(SEEN, length, slope, noise, amplitude), belief)
        for length in module.LENGTHS
        for slope, belief in zip(module.SLOPES, module.BELIEFS, strict=True)
        for noise in observations.NOISES
        for amplitude in module.AMPLITUDES
    ]
    evidence = np.array([one[2] + math.log(one[3]) for one in grid])
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    mean = sum(w * one[0] for w, one in zip(weights, grid, strict=True))
    square = sum(w * (np.diag(one[1]) + one[0] ** 2) for w, one in zip(weights, grid, strict=True))
    surrogate = fitted(SEEN, PRIOR)
    # What has next to no weight is left out.
    assert surrogate.moments()[0] == pytest.approx(mean, rel=5e-3)
    assert surrogate.moments()[1] == pytest.approx(np.sqrt(square - mean**2), rel=5e-3)


def test_before_any_result_all_are_alike() -> None:
    mean, sd = fitted(observed()).moments()
    assert (np.ptp(mean), np.ptp(sd)) == (0, 0)
    assert fitted(observed()).joint(EVERYTHING)[1].diagonal() == pytest.approx(sd**2)


def test_before_any_result_the_prior_score_is_believed_in_part() -> None:
    mean, sd = fitted(observed(), PRIOR).moments()
    assert mean.argsort().tolist() == PRIOR.argsort().tolist()
    assert np.ptp(mean) < 2 * sd.min()


def test_a_prior_score_that_misleads_is_let_go() -> None:
    """Scores that rise as the prior score falls: what it says of the untested is not passed on."""
    seen = observed(*((n, -20.0 * PRIOR[n], 0.1) for n in range(5)))
    rest = EVERYTHING[5:]
    with_prior, without = fitted(seen, PRIOR).moments(rest)[0], fitted(seen).moments(rest)[0]
    assert with_prior >= without - 2


def test_a_result_without_error_is_believed_and_one_with_a_large_error_is_not() -> None:
    low, high = (0, 0.0, 0.0), (3, 100.0, 0.0)
    exact = fitted(observed(low, high)).moments()
    assert exact[0][[0, 3]] == pytest.approx([0, 100], abs=0.1)
    assert exact[1][[0, 3]].max() < 1
    vague = fitted(observed((0, 0.0, 200.0), (3, 100.0, 200.0))).moments()
    assert np.ptp(vague[0]) < 70
    assert vague[1].min() > 50


def test_replicates_narrow_down() -> None:
    once = observed((0, 1.0, 0.5), (3, 5.0, 0.5))
    often = observed(*[(0, 1.0, 0.5), (3, 5.0, 0.5)] * 8)
    assert fitted(often).moments()[1][0] < 0.5 * fitted(once).moments()[1][0]


def test_two_results_that_chance_to_agree_are_no_better_known_than_their_errors() -> None:
    _, sd = fitted(observed((0, 0.0200, 0.05), (3, 0.0201, 0.05))).moments()
    assert sd.min() > 0.02


@pytest.mark.parametrize("score", [0.0, 0.1, 1e9 / 3, -7.0])
def test_results_that_are_all_equal_leave_the_untested_open(score: float) -> None:
    mean, sd = fitted(observed(*((n, score, math.nan) for n in (0, 0, 1, 3)))).moments()
    assert mean == pytest.approx(score)
    assert sd[5] > 0.1
    assert sd[0] < sd[5]


@settings(deadline=None)
@given(st.sampled_from([1e-9, 1e-3, 1e9]), st.floats(-100, 100))
def test_the_unit_does_not_matter(factor: float, shift: float) -> None:
    """Scores in another unit, another zero: the same expectations in that unit."""
    results = [(1, 4.0, math.nan), (3, 1.0, 0.3), (5, 2.0, 0.1)]
    mean, sd = fitted(observed(*results), PRIOR).moments()
    other = [(n, factor * (score + shift), factor * sem) for n, score, sem in results]
    other_mean, other_sd = fitted(observed(*other), PRIOR).moments()
    assert other_mean / factor - shift == pytest.approx(mean, abs=1e-6)
    assert other_sd / factor == pytest.approx(sd, rel=1e-6)


def test_large_work_is_done_with_the_likeliest_length_and_gives_nearly_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    random = np.random.default_rng(0)
    pool = [Candidate(str(n), vector=tuple(random.normal(size=3).tolist())) for n in range(300)]
    text = text_kernel(pool)
    assert text is not None
    scores = np.sin(text.vectors[:200] @ np.array([1.0, 2.0, 0.5])) + 0.1 * random.normal(size=200)
    seen = Observations(np.arange(200, dtype=np.intp), scores, np.full(200, math.nan))

    def fit() -> Surrogate:
        return fit_surrogate(None, text, None, None, len(pool), seen)

    exact = fit()
    monkeypatch.setattr(module, "WORK", 0)
    large = fit()
    assert len(large.fits) == 1
    likeliest = max(exact.fits, key=lambda one: float(one.weights.sum()))
    assert large.fits[0].length == likeliest.length
    assert large.fits[0].basis.dtype == np.float32
    monkeypatch.setattr(module, "WORK", math.inf)
    monkeypatch.setattr(module, "LENGTHS", (likeliest.length,))
    for one, other in zip(large.moments(), fit().moments(), strict=True):
        assert one == pytest.approx(other, abs=1e-4)


def test_moments_of_some_are_those_of_all() -> None:
    surrogate = fitted(SEEN, PRIOR)
    mean, sd = surrogate.moments()
    for some in ([2], [0, 3, 4, 5]):
        places = np.array(some, dtype=np.intp)
        assert surrogate.moments(places)[0] == pytest.approx(mean[places])
        assert surrogate.moments(places)[1] == pytest.approx(sd[places])


scores = st.floats(-1e100, 1e100, allow_subnormal=True)
errors = st.just(math.nan) | st.floats(0, 1e100)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), scores, errors), max_size=12), st.booleans())
def test_no_result_breaks_it(results: list[tuple[int, float, float]], believing: bool) -> None:
    surrogate = fitted(observed(*results), PRIOR if believing else None)
    mean, sd = surrogate.moments()
    assert np.isfinite(mean).all()
    assert np.isfinite(sd).all()
    assert (sd > 0).all()
    assert sum(float(fit.weights.sum()) for fit in surrogate.fits) == pytest.approx(1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.floats(-5, 5), st.just(math.nan)), min_size=1, max_size=9))
def test_joint_and_single_moments_agree(results: list[tuple[int, float, float]]) -> None:
    surrogate = fitted(observed(*results), PRIOR)
    mean, sd = surrogate.moments()
    joint_mean, covariance = surrogate.joint(EVERYTHING)
    assert joint_mean == pytest.approx(mean)
    assert np.sqrt(covariance.diagonal()) == pytest.approx(sd, rel=1e-3)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9 * covariance.trace()


@settings(deadline=None)
@given(st.lists(st.floats(-1e9, 1e9), min_size=8, max_size=40))
def test_drawing_in_keeps_the_order_of_scores(scores: list[float]) -> None:
    values = np.sort(np.array(scores))
    tamed = observations.tamed(values)
    assert (np.diff(tamed) >= 0).all()
    low, high = np.percentile(values, (25, 75))
    inside = (values >= low - 10 * (high - low)) & (values <= high + 10 * (high - low))
    assert tamed[inside] == pytest.approx(values[inside])


def test_only_what_is_wild_is_drawn_in() -> None:
    tamed = observations.tamed(np.array([*range(9), 1e9]))
    assert tamed[:9].tolist() == list(range(9))
    assert 40 < tamed[9] < 200
