"""CSX-Sim: performance falls with the functional distance from a hidden ground truth (arXiv 2505.17873)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simulator.draws import keys
from simulator.errors import SimulatorError
from simulator.laboratory import KeyPoint, Result, Sample
from simulator.matching import EmbeddingMatcher, Match, Matcher, relevant
from simulator.noise import Noise, number
from simulator.response import OPTIMUM, Landscape


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """The hypothesis that would work, as weighted key points; weights are scaled to sum to 100.

    SimulatorError ``bad_ground_truth`` without any key point, and for a weight that is not positive.
    """

    key_points: tuple[KeyPoint, ...]

    def __post_init__(self) -> None:
        if not self.key_points:
            raise SimulatorError("bad_ground_truth", "the ground truth needs at least one key point")
        for point in self.key_points:
            if not (math.isfinite(point.weight) and point.weight > 0):
                raise SimulatorError(
                    "bad_ground_truth",
                    f"the weight of {point.name!r} must be a positive number, not {point.weight}",
                )
        largest = max(point.weight for point in self.key_points)
        total = math.fsum(point.weight / largest for point in self.key_points)
        scaled = tuple(
            replace(point, weight=OPTIMUM * (point.weight / largest / total)) for point in self.key_points
        )
        object.__setattr__(self, "key_points", scaled)


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a sample performs as it does: what was matched, s and x = R s - 100, and the response f(x)."""

    matches: tuple[Match, ...]
    relevant: bool
    """R: whether the sample can show the phenomenon at all."""
    similarity: float
    """s = sum of w_k m_k, in [0, 100]."""
    distance: float
    performance: float


class SimulatedLaboratory:
    """Measures likeness to a hidden truth, with noise.

    ``sigma2``: width of the curve (1000 and 225 are both in use). ``noise``: how measurements scatter and
    fail; a number stands for that standard deviation and nothing else. ``landscape``: level of ruggedness, 0
    to 3. ``cost``: of one measurement, failed or not. SimulatorError ``bad_option`` for one out of its range.
    """

    name = "simulated"

    def __init__(
        self,
        truth: GroundTruth,
        *,
        sigma2: float = 1000.0,
        noise: Noise | float = 0.05,
        seed: int = 0,
        matcher: Matcher | None = None,
        landscape: int = 0,
        cost: float = 1.0,
    ) -> None:
        self._truth = truth
        self._sigma2 = number("sigma2", sigma2, least=math.ulp(0.0))
        self._noise = noise if isinstance(noise, Noise) else Noise(number("noise", noise))
        self._cost = number("cost", cost)
        self._seed = seed
        self._matcher = EmbeddingMatcher() if matcher is None else matcher
        self._landscape = Landscape.draw(landscape, seed)

    def explain(self, sample: Sample) -> Explanation:
        """How the sample comes to its performance."""
        matches = self._matcher.match(self._truth.key_points, sample.key_points)
        relevance = 1.0 if relevant(matches) else 0.0
        similarity = math.fsum(match.key_point.weight * match.m for match in matches)
        s = relevance * similarity
        return Explanation(
            matches=tuple(matches),
            relevant=bool(relevance),
            similarity=similarity,
            distance=s - OPTIMUM,
            performance=float(self._landscape.performance(s, sigma2=self._sigma2)),
        )

    def performance(self, sample: Sample) -> float:
        """What a measurement without noise says, in [0, 1]; the truth itself has 1."""
        return self.explain(sample).performance

    def measure(self, samples: Sequence[Sample], *, replicate: int = 0) -> list[Result]:
        """Performance with noise; the noise hangs on seed, replicate, and the sample's row or key points."""
        if not samples:
            return []
        truths = np.array([self.performance(sample) for sample in samples])
        values, failed = self._noise.measure(truths, keys(_names(samples)), self._seed, replicate)
        # The laboratory knows its error only from what it sees.
        errors = self._noise.sd(values)
        return [
            Result(sample.id, "failed", None, None, self._cost, self.name, "the experiment failed")
            if lost
            else Result(sample.id, "done", float(value), float(error), self._cost, self.name)
            for sample, value, error, lost in zip(samples, values, errors, failed, strict=True)
        ]


def _names(samples: Sequence[Sample]) -> list[str | tuple[str, ...]]:
    """What a sample's noise hangs on: its row, or its key points in any order; never its id."""
    return [
        tuple(sorted(point.name for point in sample.key_points)) if sample.row is None else sample.row
        for sample in samples
    ]
