"""Matrices of 4- and 8-bit codes on a CPU, compiled: times a few tokens as they are, or unpacked for many.

A weight is ``code * scale + offset`` of its group; so a group's part of a product is ``scale * sum(code * x)
+ offset * sum(x)``, and no weight is ever written out. Sums are in single precision. Inner loops run over
slices from 0 on: the compiler then knows that no index is negative, and uses vector instructions.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from moe.recipes.compiled import Codes, Floats, compiled
from moe.recipes.quantize import QuantizedMatrix

FEW = 4
"""Tokens up to which multiplying codes is faster than unpacking them for a dense product."""


def project(matrix: QuantizedMatrix, x: Tensor) -> Tensor:
    """``x`` [tokens, columns] times the matrix [rows, columns], transposed: [tokens, rows] in x's type."""
    out = torch.empty(len(x), matrix.shape[0])
    tokens = x.float().contiguous().numpy()
    multiply = _multiply_bytes if matrix.bits == 8 else _multiply_halves
    multiply(*_arrays(matrix), tokens, out.numpy())
    return out.to(x.dtype)


def unpacked(matrix: QuantizedMatrix, dtype: torch.dtype) -> Tensor:
    """The weights [rows, columns] themselves."""
    out = torch.empty(matrix.shape)
    unpack = _unpack_bytes if matrix.bits == 8 else _unpack_halves
    unpack(*_arrays(matrix), out.numpy())
    return out.to(dtype)


def _arrays(matrix: QuantizedMatrix) -> tuple[Codes, Floats, Floats]:
    return matrix.packed.numpy(), matrix.scale.float().numpy(), matrix.offset.float().numpy()


@compiled
def _sums(x: Floats, groups: int) -> Floats:
    """Of each group of each token."""
    size = x.shape[1] // groups
    sums = np.empty((len(x), groups), dtype=np.float32)
    for token in range(len(x)):
        for group in range(groups):
            sums[token, group] = x[token, group * size : (group + 1) * size].sum()
    return sums


@compiled
def _dot_bytes(codes: Codes, x: Floats) -> np.float32:
    total = np.float32(0)
    for index in range(len(codes)):
        total += np.float32(codes[index]) * x[index]
    return total


@compiled
def _dot_halves(codes: Codes, even: Floats, odd: Floats) -> np.float32:
    total = np.float32(0)
    for index in range(len(codes)):
        total += np.float32(codes[index] & 15) * even[index] + np.float32(codes[index] >> 4) * odd[index]
    return total


@compiled
def _multiply_bytes(packed: Codes, scale: Floats, offset: Floats, x: Floats, out: Floats) -> None:
    groups = scale.shape[1]
    size, sums = packed.shape[1] // groups, _sums(x, groups)
    for row in range(len(packed)):
        for token in range(len(x)):
            total = np.float32(0)
            for group in range(groups):
                begin, end = group * size, (group + 1) * size
                dot = _dot_bytes(packed[row, begin:end], x[token, begin:end])
                total += dot * scale[row, group] + sums[token, group] * offset[row, group]
            out[token, row] = total


@compiled
def _multiply_halves(packed: Codes, scale: Floats, offset: Floats, x: Floats, out: Floats) -> None:
    """Two codes share a byte, the even one in its lower half; so tokens are parted the same way."""
    groups = scale.shape[1]
    size, sums = packed.shape[1] // groups, _sums(x, groups)
    even, odd = x[:, ::2].copy(), x[:, 1::2].copy()
    for row in range(len(packed)):
        for token in range(len(x)):
            total = np.float32(0)
            for group in range(groups):
                begin, end = group * size, (group + 1) * size
                dot = _dot_halves(packed[row, begin:end], even[token, begin:end], odd[token, begin:end])
                total += dot * scale[row, group] + sums[token, group] * offset[row, group]
            out[token, row] = total


@compiled
def _unpack_bytes(packed: Codes, scale: Floats, offset: Floats, out: Floats) -> None:
    groups = scale.shape[1]
    size = packed.shape[1] // groups
    for row in range(len(packed)):
        for group in range(groups):
            step, least = scale[row, group], offset[row, group]
            codes, weights = packed[row, group * size :], out[row, group * size :]
            for index in range(size):
                weights[index] = np.float32(codes[index]) * step + least


@compiled
def _unpack_halves(packed: Codes, scale: Floats, offset: Floats, out: Floats) -> None:
    groups = scale.shape[1]
    size = packed.shape[1] // groups
    for row in range(len(packed)):
        for group in range(groups):
            step, least = scale[row, group], offset[row, group]
            codes, weights = packed[row, group * size :], out[row, 2 * group * size :]
            for index in range(size):
                weights[2 * index] = np.float32(codes[index] & 15) * step + least
                weights[2 * index + 1] = np.float32(codes[index] >> 4) * step + least


@lru_cache
def compile_for(bits: int) -> None:
    """Compile now what else the first token would wait for."""
    packed = torch.zeros(1, 16 * bits // 8, dtype=torch.uint8)
    ones = torch.ones(1, 1, dtype=torch.float16)
    matrix = QuantizedMatrix(packed, ones, ones, bits)
    project(matrix, torch.ones(1, 16))
    unpacked(matrix, torch.float32)
