"""Functions compiled for the processor, and the arrays that they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    """Compiled on its first call, and kept for the next process."""
    return cast(Function, njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function))
