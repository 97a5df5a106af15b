"""Where a value and its interval lie on a bar that all rows of a table share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 100.0
EDGE = 4.0
"""What is left free at either end, so that a dot is whole."""


@dataclass(frozen=True, slots=True)
class Bar:
    """Places on a line from 0 to ``WIDTH``."""

    low: float
    middle: float
    high: float


@dataclass(frozen=True, slots=True)
class Scale:
    """From the least to the greatest value of a table."""

    low: float
    high: float

    @classmethod
    def over(cls, intervals: Iterable[tuple[float, float]], *, also: float | None = None) -> Scale:
        """That holds all these intervals, and ``also`` this value."""
        ends = [end for interval in intervals for end in interval]
        ends += [] if also is None else [also]
        return cls(min(ends, default=0.0), max(ends, default=1.0))

    def at(self, value: float) -> float:
        span = self.high - self.low
        inner = WIDTH - 2 * EDGE
        return round(EDGE + inner * (0.5 if span <= 0 else (value - self.low) / span), 2)

    def bar(self, low: float, middle: float, high: float) -> Bar:
        return Bar(self.at(low), self.at(middle), self.at(high))
