"""Numbers of any size: what counts as one, and how far some lie apart."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

LARGEST = 1e100
"""Beyond it squares overflow; nothing is measured in such units."""

ROUNDING = 1e-12
"""Of the largest of some numbers: what differs by less is the same number, computed in two ways."""


def usable(number: float) -> bool:
    """Whether a number is finite and its square is too."""
    return math.isfinite(number) and abs(float(number)) <= LARGEST


def all_usable(numbers: object) -> bool:
    """Whether all numbers of a vector or table are."""
    values = np.array(numbers, dtype=np.float64)
    return bool(np.isfinite(values).all() and (np.abs(values) <= LARGEST).all())


def scatter(values: NDArray[np.float64]) -> float:
    """Standard deviation of the values; 0 where they differ by rounding alone, in whatever unit."""
    if not values.size:
        return 0.0
    deviation = float(values.std())
    return deviation if deviation > ROUNDING * float(np.abs(values).max()) else 0.0
