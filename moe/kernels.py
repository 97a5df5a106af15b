"""The sparse expert on a CPU, compiled: 2-bit up projection, threshold, and only the channels above it.

Each is a plain loop over what one token needs, accumulated in single precision; the tests say the same in a
few lines of PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Codes = NDArray[np.uint8]
Bytes = NDArray[np.int8]

Function = TypeVar("Function", bound=Callable[..., Any])


def _compiled(function: Function) -> Function:
    """Compiled on its first call, and kept for the next process."""
    return cast(Function, njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function))


@_compiled
def project_up(packed: Codes, scale: Floats, offset: Floats, x: Floats, out: Floats) -> None:
    """``out`` [channels] = W x for 2-bit codes ``packed`` [channels, hidden / 4], scaled by group."""
    channels, width = packed.shape
    groups = scale.shape[1]
    size = width // groups
    lanes = np.empty((4, width), dtype=np.float32)
    sums = np.zeros(groups, dtype=np.float32)
    for byte in range(width):
        for lane in range(4):
            lanes[lane, byte] = x[4 * byte + lane]
            sums[byte // size] += x[4 * byte + lane]
    for channel in range(channels):
        total = np.float32(0)
        for group in range(groups):
            dot = np.float32(0)
            for byte in range(group * size, (group + 1) * size):
                code = packed[channel, byte]
                dot += np.float32(code & 3) * lanes[0, byte]
                dot += np.float32((code >> 2) & 3) * lanes[1, byte]
                dot += np.float32((code >> 4) & 3) * lanes[2, byte]
                dot += np.float32(code >> 6) * lanes[3, byte]
            total += dot * scale[channel, group] + sums[group] * offset[channel, group]
        out[channel] = total


@_compiled
def _dot(row: Bytes, x: Floats) -> np.float32:
    total = np.float32(0)
    for index in range(len(row)):
        total += np.float32(row[index]) * x[index]
    return total


@_compiled
def sparse_expert(
    packed: Codes,
    scale: Floats,
    offset: Floats,
    weight: Floats,
    threshold: float,
    chunks: Bytes,
    chunk_scale: Floats,
    x: Floats,
    share: Floats,
    out: Floats,
) -> int:
    """``out`` [tokens, hidden] of one expert for ``x``; returns how many channels were used in all.

    A channel is used where ``share * weight * |W_up x|`` is above ``threshold``. ``chunks`` [channels, 3,
    hidden] are its gate row, up row and down column in 8 bits, scaled by ``chunk_scale`` [channels, 3].
    """
    used = 0
    up = np.empty(len(packed), dtype=np.float32)
    for token in range(len(x)):
        project_up(packed, scale, offset, x[token], up)
        out[token] = 0
        for channel in range(len(up)):
            if share[token] * weight[channel] * abs(up[channel]) > threshold:
                used += 1
                gate = _dot(chunks[channel, 0], x[token]) * chunk_scale[channel, 0]
                fine = _dot(chunks[channel, 1], x[token]) * chunk_scale[channel, 1]
                inner = gate / (np.float32(1) + np.exp(-gate)) * fine * chunk_scale[channel, 2]
                column = chunks[channel, 2]
                for index in range(len(column)):
                    out[token, index] += inner * np.float32(column[index])
    return used


@lru_cache
def compile_kernels() -> None:
    """Compile now what else the first token would wait for."""
    codes, ones = np.zeros((1, 4), dtype=np.uint8), np.ones((1, 1), dtype=np.float32)
    tokens, chunks = np.ones((1, 16), dtype=np.float32), np.zeros((1, 3, 16), dtype=np.int8)
    scales = np.ones((1, 3), dtype=np.float32)
    sparse_expert(codes, ones, ones, ones[0], 0.0, chunks, scales, tokens, ones[0], np.empty_like(tokens))
