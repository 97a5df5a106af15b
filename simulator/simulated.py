"""CSX-Sim: performance falls with the functional distance from a hidden ground truth (arXiv 2505.17873)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulator.draws import generator
from simulator.errors import SimulatorError
from simulator.laboratory import KeyPoint, Result, Sample
from simulator.matching import EmbeddingMatcher, Match, Matcher
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


class SimulatedLaboratory:
    """Measures likeness to a hidden truth, with noise.

    ``sigma2``: width of the curve (1000 and 225 are both in use). ``noise``: standard deviation of what is
    added to a performance, which may so leave [0, 1]: cutting it off would favour the worst. ``landscape``:
    level of ruggedness, 0 to 3. ``failure_rate``: share of measurements that fail, whatever is measured.
    ``cost``: of one measurement, failed or not. SimulatorError ``bad_option`` for one out of its range.
    """

    name = "simulated"

    def __init__(
        self,
        truth: GroundTruth,
        *,
        sigma2: float = 1000.0,
        noise: float = 0.05,
        seed: int = 0,
        matcher: Matcher | None = None,
        landscape: int = 0,
        failure_rate: float = 0.0,
        cost: float = 1.0,
    ) -> None:
        self._truth = truth
        self._sigma2 = _number("sigma2", sigma2, least=math.ulp(0.0))
        self._noise = _number("noise", noise)
        self._failure_rate = _number("failure_rate", failure_rate, most=1.0)
        self._cost = _number("cost", cost)
        self._seed = seed
        self._matcher = EmbeddingMatcher() if matcher is None else matcher
        self._landscape = Landscape.draw(landscape, seed)

    def explain(self, sample: Sample) -> list[Match]:
        """What each key point of the truth found in the sample, and how far it counts."""
        return self._matcher.match(self._truth.key_points, sample.key_points)

    def similarity(self, sample: Sample) -> float:
        """s = sum of w_k m_k, in [0, 100]."""
        return math.fsum(match.key_point.weight * match.m for match in self.explain(sample))

    def performance(self, sample: Sample) -> float:
        """What a measurement without noise says, in [0, 1]; the truth itself has 1."""
        return float(self._landscape.performance(self.similarity(sample), sigma2=self._sigma2))

    def measure(self, samples: Sequence[Sample], *, replicate: int = 0) -> list[Result]:
        """Performance with noise; the noise hangs on seed, replicate, and the sample's row or key points."""
        return [self._measure(sample, replicate) for sample in samples]

    def _measure(self, sample: Sample, replicate: int) -> Result:
        names = tuple(sorted(point.name for point in sample.key_points))
        draw = generator("noise", self._seed, replicate, names if sample.row is None else sample.row)
        # Both are always drawn, so that a laboratory that fails more often has the same noise otherwise.
        failed, noise = draw.random() < self._failure_rate, draw.standard_normal()
        if failed:
            return Result(sample.id, "failed", None, None, self._cost, self.name, "the experiment failed")
        score = self.performance(sample) + self._noise * noise
        return Result(sample.id, "done", score, self._noise, self._cost, self.name)


def _number(name: str, value: float, *, least: float = 0.0, most: float = math.inf) -> float:
    """The value, if it is a number within its range: options come from files that people write."""
    if not isinstance(value, (int, float)) or not (math.isfinite(value) and least <= value <= most):
        wanted = f"from 0 to {most:g}" if math.isfinite(most) else "positive" if least else "0 or more"
        raise SimulatorError("bad_option", f"{name} of a simulation must be {wanted}, not {value!r}")
    return float(value)
