"""The sparse expert on a CPU, compiled: 2-bit up projection, threshold, and only the channels above it.

Each is a plain loop over what one token needs, accumulated in single precision; the tests say the same in a
few lines of PyTorch. Inner loops run over slices from 0 on: the compiler then knows that no index is
negative, and uses vector instructions.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from moe.recipes.compiled import Codes, Floats, compiled

Bytes = NDArray[np.int8]
Mask = NDArray[np.bool_]
Places = NDArray[np.int32]


@compiled
def _add_codes(
    codes: Codes, x0: np.float32, x1: np.float32, x2: np.float32, x3: np.float32, dot: Floats
) -> None:
    """Codes stay where they are in their byte: ``x1`` to ``x3`` are 4, 16 and 64 times smaller instead."""
    for channel in range(len(codes)):
        code = np.int32(codes[channel])
        dot[channel] += (
            np.float32(code & 3) * x0
            + np.float32(code & 12) * x1
            + np.float32(code & 48) * x2
            + np.float32(code & 192) * x3
        )


@compiled
def _add_group(scale: Floats, offset: Floats, total: np.float32, dot: Floats, out: Floats) -> None:
    for channel in range(len(dot)):
        out[channel] += dot[channel] * scale[channel] + total * offset[channel]
        dot[channel] = 0


@compiled
def project_up(packed: Codes, scale: Floats, offset: Floats, x: Floats, out: Floats) -> None:
    """``out`` [channels] = W x for 2-bit codes ``packed`` [hidden / 4, channels], scaled by group.

    Channels are side by side, so that a vector instruction computes many of them.
    """
    groups = len(scale)
    size = len(packed) // groups
    dot = np.zeros(len(out), dtype=np.float32)
    out[:] = 0
    for group in range(groups):
        total = np.float32(0)
        for byte in range(group * size, (group + 1) * size):
            x0, x1, x2, x3 = x[4 * byte], x[4 * byte + 1], x[4 * byte + 2], x[4 * byte + 3]
            total += x0 + x1 + x2 + x3
            small = np.float32(0.25)
            _add_codes(packed[byte], x0, x1 * small, x2 * small**2, x3 * small**3, dot)
        _add_group(scale[group], offset[group], total, dot, out)


@compiled
def choose(
    packed: Codes,
    scale: Floats,
    offset: Floats,
    weight: Floats,
    threshold: float,
    x: Floats,
    share: Floats,
    mask: Mask,
) -> int:
    """Set ``mask`` [tokens, channels] where ``share * weight * |W_up x|`` is above ``threshold``.

    Returns how many channels that are in all. ``packed`` and its scales are as in :func:`project_up`.
    """
    chosen = 0
    up = np.empty(len(weight), dtype=np.float32)
    for token in range(len(x)):
        project_up(packed, scale, offset, x[token], up)
        for channel in range(len(up)):
            above = share[token] * weight[channel] * abs(up[channel]) > threshold
            mask[token, channel] = above
            chosen += above
    return chosen


@compiled
def any_token(mask: Mask) -> Mask:
    """The channels [channels] that any token of ``mask`` [tokens, channels] needs."""
    needed: Mask = mask[0].copy()
    for token in range(1, len(mask)):
        needed |= mask[token]
    return needed


@compiled
def _dot(row: Bytes, x: Floats) -> np.float32:
    total = np.float32(0)
    for index in range(len(row)):
        total += np.float32(row[index]) * x[index]
    return total


@compiled
def _add(column: Bytes, factor: np.float32, out: Floats) -> None:
    for index in range(len(column)):
        out[index] += factor * np.float32(column[index])


@compiled
def sparse_expert(
    mask: Mask, chunks: Bytes, places: Places, chunk_scale: Floats, x: Floats, out: Floats
) -> None:
    """``out`` [tokens, hidden] of one expert for ``x``, with the channels of ``mask`` [tokens, channels].

    ``chunks`` [places, 3, hidden] are channels' gate rows, up rows and down columns in 8 bits, ``places``
    [channels] where each channel is among them, ``chunk_scale`` [channels, 3] what they are scaled by.
    """
    for token in range(len(x)):
        out[token] = 0
        for channel in range(len(places)):
            if mask[token, channel]:
                chunk = chunks[places[channel]]
                gate = _dot(chunk[0], x[token]) * chunk_scale[channel, 0]
                fine = _dot(chunk[1], x[token]) * chunk_scale[channel, 1]
                inner = gate / (np.float32(1) + np.exp(-gate)) * fine * chunk_scale[channel, 2]
                _add(chunk[2], inner, out[token])


@compiled
def scatter(raw: Bytes, skip: int, channels: Places, places: Places, chunks: Bytes) -> None:
    """Put the bytes ``raw``, from ``skip`` on whole channels, into ``chunks`` [places, bytes].

    ``channels`` [n] says which of the channels in ``raw`` to take, ``places`` [n] where each goes.
    """
    size = chunks.shape[1]
    for index in range(len(channels)):
        begin = skip + channels[index] * size
        chunks[places[index]] = raw[begin : begin + size]


@lru_cache
def compile_kernels() -> None:
    """Compile now what else the first token would wait for."""
    codes, ones = np.zeros((4, 1), dtype=np.uint8), np.ones((1, 1), dtype=np.float32)
    tokens, chunks = np.ones((1, 16), dtype=np.float32), np.zeros((1, 3, 16), dtype=np.int8)
    mask, places = np.zeros((1, 1), dtype=np.bool_), np.zeros(1, dtype=np.int32)
    choose(codes, ones, ones, ones[0], 0.0, tokens, ones[0], mask)
    any_token(mask)
    sparse_expert(mask, chunks, places, np.ones((1, 3), dtype=np.float32), tokens, np.empty_like(tokens))
    scatter(chunks.reshape(-1), 0, places, places, chunks.reshape(1, -1))
