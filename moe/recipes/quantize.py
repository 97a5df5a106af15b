"""Group-wise 2-, 4- and 8-bit weights, fitted by half-quadratic optimisation (HQQ).

Source: Badri and Shaji, "Half-Quadratic Quantization of Large Machine Learning Models" (2023). They split the
error into a sparse part, which a shrinkage operator takes out, and a rest, to which the zero point is fitted.
Here the scale is fitted with it, in closed form: at 2 bits that matters more than the zero point.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from moe.errors import MoeError
from moe.recipes.packing import codes_per_byte, pack, unpack

GROUP_SIZE = 64
NORM = 0.7
"""Exponent p of the error that the shrinkage keeps sparse; below 1 as weights have heavy tails."""
BETA = 4.0
BETA_GROWTH = 1.01
"""Weight of the coupling, for weights of unit spread, and its growth an iteration."""

CPU_BLOCK, DEVICE_BLOCK = 2**17, 2**25
"""Weights fitted at once: what a CPU's cache holds, and what fills a GPU."""


@dataclass(frozen=True, slots=True, eq=False)
class QuantizedMatrix:
    """A matrix of weights ``code * scale + offset``; neighbours in a row share scale and offset."""

    packed: Tensor
    """[rows, columns * bits / 8] uint8."""
    scale: Tensor
    """[rows, groups] float16."""
    offset: Tensor
    """[rows, groups] float16: the weight of code 0; a zero point, -offset / scale, need not be finite."""
    bits: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.packed.shape[0], self.packed.shape[1] * codes_per_byte(self.bits)

    @property
    def nbytes(self) -> int:
        """Bytes held, scales and offsets included."""
        return self.packed.nbytes + self.scale.nbytes + self.offset.nbytes

    def dequantize(self, dtype: torch.dtype = torch.float32) -> Tensor:
        """The matrix [rows, columns] that the codes stand for."""
        rows, groups = self.scale.shape
        codes = unpack(self.packed, self.bits).view(rows, groups, -1)
        return _decode(codes, self.scale[..., None], self.offset[..., None]).view(rows, -1).to(dtype)


def quantize(
    weight: Tensor, bits: int, *, group_size: int = GROUP_SIZE, iterations: int = 20
) -> QuantizedMatrix:
    """Quantise ``weight`` [rows, columns] in groups of ``group_size`` columns.

    With ``iterations=0`` it is plain rounding between each group's least and greatest weight; iterations can
    only lower a group's squared error. Raises ``MoeError`` unless weights form a finite matrix of groups.
    """
    _check(weight, bits, group_size)
    block = max(1, (CPU_BLOCK if weight.is_cpu else DEVICE_BLOCK) // weight.shape[1])
    fits = [
        _fit(rows.detach().float().reshape(len(rows), -1, group_size), 2**bits - 1, iterations)
        for rows in torch.split(weight, block)
    ]
    packed = torch.cat([pack(codes.flatten(-2), bits) for codes, _, _ in fits])
    scale = torch.cat([scale.squeeze(-1) for _, scale, _ in fits])
    offset = torch.cat([offset.squeeze(-1) for _, _, offset in fits])
    return QuantizedMatrix(packed, scale, offset, bits)


def _fit(groups: Tensor, top: int, iterations: int) -> tuple[Tensor, Tensor, Tensor]:
    """Codes up to ``top``, scales and offsets for ``groups`` [rows, groups, group_size]."""
    low = groups.amin(-1, keepdim=True)
    scale, offset = _stored((groups.amax(-1, keepdim=True) - low) / top, low)
    codes = _encode(groups, scale, offset, top)
    best = scale, offset, _squared_error(groups, codes, scale, offset)
    # The shrinkage is made for weights of unit spread, wherever a layer's own scale lies.
    spread = groups.std(-1, keepdim=True, unbiased=False)
    spread = torch.where(spread > 0, spread, 1)
    for iteration in range(iterations):
        error = groups - _decode(codes, scale, offset)
        outliers = spread * shrink(error / spread, BETA * BETA_GROWTH**iteration)
        scale, offset = _stored(*_fit_line(codes, groups - outliers, scale))
        codes = _encode(groups, scale, offset, top)
        squared = _squared_error(groups, codes, scale, offset)
        better = squared < best[2]
        best = (
            torch.where(better, scale, best[0]),
            torch.where(better, offset, best[1]),
            torch.where(better, squared, best[2]),
        )
    scale, offset, _ = best
    return _encode(groups, scale, offset, top).to(torch.uint8), scale, offset


def shrink(error: Tensor, beta: float, norm: float = NORM) -> Tensor:
    """The generalised soft threshold ``sign(e) * max(0, |e| - |e|**(p - 1) / beta)``: large ones stay."""
    size = error.abs()
    return error.sign() * (size - size.pow(norm - 1) / beta).clamp_min(0)


def _check(weight: Tensor, bits: int, group_size: int) -> None:
    together = codes_per_byte(bits)
    if weight.ndim != 2 or not weight.is_floating_point() or not weight.numel():
        raise MoeError("not_a_matrix", f"weights must be a floating-point matrix, not {tuple(weight.shape)}")
    if group_size < 1 or weight.shape[1] % group_size or group_size % together:
        raise MoeError(
            "bad_group_size",
            f"a group of {group_size} must divide the {weight.shape[1]} columns and fill whole bytes",
        )
    half = torch.finfo(torch.float16).max
    if not bool((weight.detach().abs() <= half / 2).all()):
        raise MoeError("weights_out_of_range", f"weights must be finite and at most {half / 2:g} in size")


def _stored(scale: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    """As they will be kept: codes are chosen and errors taken for the values that decoding will see."""
    return scale.half(), offset.half()


def _decode(codes: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    return codes.float() * scale.float() + offset.float()


def _encode(groups: Tensor, scale: Tensor, offset: Tensor, top: int) -> Tensor:
    step = scale.float()
    nearest = ((groups - offset.float()) / step).round().clamp(0, top)
    return torch.where(step > 0, nearest, 0)  # a group of equal weights has no step: its offset says it all


def _squared_error(groups: Tensor, codes: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    return (groups - _decode(codes, scale, offset)).square().sum(-1, keepdim=True)


def _fit_line(codes: Tensor, target: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Scale and offset of the least-squares line from codes to ``target``; for one code, the old scale."""
    middle, centre = codes.mean(-1, keepdim=True), target.mean(-1, keepdim=True)
    spread = (codes - middle).square().sum(-1, keepdim=True)
    slope = ((codes - middle) * (target - centre)).sum(-1, keepdim=True) / spread
    slope = torch.where(spread > 0, slope, scale.float()).clamp_min(0)
    return slope, centre - slope * middle
