"""What stands between a performance and the number that a laboratory writes down."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from simulator.draws import Keys, normal, uniform
from simulator.errors import SimulatorError

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]

_ERROR, _FAILS, _OUTLIER, _TAIL, _BATCH = range(5)
"""Streams of random numbers: one kind of noise turned on or off leaves the others as they were."""


@dataclass(frozen=True, slots=True)
class Noise:
    """Every kind is off by default but for a constant standard deviation.

    Performances, and so all sizes, are on the scale from 0 to 1; a measured value may leave it, for cutting
    it off would favour the worst. SimulatorError ``bad_option`` for a size out of its range.
    """

    additive: float = 0.05
    """Standard deviation of every measurement."""
    proportional: float = 0.0
    """Standard deviation as a share of the performance, added in squares."""
    heteroscedastic: float = 1.0
    """How many times larger the additive part is at performance 1 than at 0, growing evenly in logarithm."""
    drift: float = 0.0
    """Standard deviation of the step from one batch to the next, which all of a batch share."""
    outlier_rate: float = 0.0
    """Share of measurements that are off by far more than the noise."""
    outlier_size: float = 10.0
    """By how many times."""
    detection_limit: float | None = None
    """What is below reads as this value."""
    saturation: float | None = None
    """What is above reads as this value."""
    failure_rate: float = 0.0
    """Share of measurements that give nothing, at performance 1."""
    failure_at_worst: float | None = None
    """The same at performance 0, where poor candidates fail more often; even in between."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is not None or field.name not in ("detection_limit", "saturation", "failure_at_worst"):
                rate = field.name in ("outlier_rate", "failure_rate", "failure_at_worst")
                number(field.name, value, most=1.0 if rate else math.inf)
        if self.heteroscedastic == 0:
            raise SimulatorError("bad_option", "heteroscedastic of a simulation must be positive, not 0")

    def sd(self, performance: Array | float) -> Array:
        """Standard deviation of a measurement at this performance, outliers and drift aside."""
        level = np.clip(performance, 0.0, 1.0)
        constant = self.additive * self.heteroscedastic**level
        return np.asarray(np.hypot(constant, self.proportional * level))

    def measure(self, performance: Array, keys: Keys, seed: int, replicate: int = 0) -> tuple[Array, Flags]:
        """Measured values and which of them failed, [n] each; the batch is the replicate.

        The same key, seed and replicate give the same value, whatever else is measured. Values of failed
        measurements are what they would have been.
        """
        error = normal(keys, seed, replicate, _ERROR)
        if self.outlier_rate:
            far = uniform(keys, seed, replicate, _OUTLIER) < self.outlier_rate
            sign = np.where(uniform(keys, seed, replicate, _TAIL) < 0.5, -1.0, 1.0)
            error = np.where(far, sign * self.outlier_size + error, error)
        values = performance + error * self.sd(performance) + self._shift(seed, replicate)
        if self.detection_limit is not None:
            values = np.maximum(values, self.detection_limit)
        if self.saturation is not None:
            values = np.minimum(values, self.saturation)
        return values, self._fails(performance, keys, seed, replicate)

    def _shift(self, seed: int, replicate: int) -> float:
        """How far the batch lies off: a random walk from batch to batch."""
        if not self.drift:
            return 0.0
        batches = np.arange(replicate + 1, dtype=np.uint64)
        return float(self.drift * normal(batches, seed, _BATCH).sum())

    def _fails(self, performance: Array, keys: Keys, seed: int, replicate: int) -> Flags:
        worst = self.failure_rate if self.failure_at_worst is None else self.failure_at_worst
        rate = worst + (self.failure_rate - worst) * np.clip(performance, 0.0, 1.0)
        return np.asarray(uniform(keys, seed, replicate, _FAILS) < rate)


def number(name: str, value: float, *, least: float = 0.0, most: float = math.inf) -> float:
    """The value, if it is a number within its range: options come from files that people write."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise SimulatorError("bad_option", f"{name} of a simulation must be a number, not {value!r}")
    if not (math.isfinite(value) and least <= value <= most):
        wanted = f"from 0 to {most:g}" if math.isfinite(most) else "positive" if least else "0 or more"
        raise SimulatorError("bad_option", f"{name} of a simulation must be {wanted}, not {value!r}")
    return float(value)
