"""Codes of 2, 4 or 8 bits packed into bytes, the first code in the lowest bits."""

from __future__ import annotations

import torch
from torch import Tensor

from moe.errors import MoeError

WIDTHS = (2, 4, 8)


def codes_per_byte(bits: int) -> int:
    """How many codes of ``bits`` share a byte; raises ``MoeError`` for a width that does not fill one."""
    if bits not in WIDTHS:
        raise MoeError("unknown_bits", f"weights can have {WIDTHS} bits, not {bits}")
    return 8 // bits


def pack(codes: Tensor, bits: int) -> Tensor:
    """Pack ``codes`` [..., n] uint8, each below ``2**bits``, into bytes [..., n * bits / 8]."""
    together = codes_per_byte(bits)
    if codes.shape[-1] % together:
        raise MoeError(
            "ragged_codes", f"{together} codes share a byte: {codes.shape[-1]} do not fill the last"
        )
    if codes.numel() and int(codes.max()) >= 2**bits:
        raise MoeError("code_too_large", f"a code of {bits} bits must be below {2**bits}")
    lanes = codes.reshape(*codes.shape[:-1], -1, together)
    packed = lanes[..., 0].clone()
    for lane in range(1, together):
        packed |= lanes[..., lane] << (bits * lane)
    return packed


def unpack(packed: Tensor, bits: int) -> Tensor:
    """The codes [..., n * 8 / bits] uint8 that ``pack`` put into ``packed`` [..., n]."""
    lanes: list[Tensor] = [(packed >> bits * lane) & (2**bits - 1) for lane in range(codes_per_byte(bits))]
    return torch.stack(lanes, dim=-1).flatten(-2)
